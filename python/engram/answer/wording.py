"""Lists of words that tell sentences and terms apart.

Owns: abbreviations, beginnings of sentences and empty words, in eight languages: English, German,
French, Spanish, Italian, Portuguese, Dutch, Chinese. Lower case, without the last stop.
"""

from __future__ import annotations

__all__ = [
    "BEGINNINGS",
    "EMPTY",
    "EMPTY_PAIRS",
    "MONTHS",
    "NEVER_LAST",
    "ORDINAL_BEFORE",
    "SELDOM_LAST",
]

_NEVER_LAST_WORDS = """
mr mrs ms mm mme dr prof st mt ft rev hon gen col capt lt sgt gov sen rep pres messrs mlle mgr
hr fr frl ing dipl sr sra srta dra don doña sig dott avv dhr mevr vs cf eg ie viz al fig figs eq
eqs no nos vol vols p pp ed eds ch sec art para approx ca bzw vgl evtl ggf inkl exkl zb dh sog
abb nr bd hrsg str tel resp bspw geb gest pág págs núm aprox env blz bijv jl av ul z m
"""
NEVER_LAST = frozenset(_NEVER_LAST_WORDS.split())
"""Abbreviations that something always follows."""

_SELDOM_LAST_WORDS = """
inc ltd co corp bros dept univ assn est etc jr esq usw gmbh am pm jan feb mar apr jun jul aug
sep sept oct okt nov dec dez mon tue wed thu fri sat sun min max std cia s.a
"""
SELDOM_LAST = frozenset(_SELDOM_LAST_WORDS.split())
"""Abbreviations that may end a sentence: they do where a word follows that begins one."""

_BEGINNINGS_WORDS = """
the a an this that these those it he she they we i you there here in on at as for from with when
while after before but and however if its his her their our what who why how der die das ein
eine er sie es wir ich im am als wenn aber und doch nach vor le la les un une il elle ils elles
nous je en dans mais et el los las una ella ellos pero y lo gli uno egli ma e o os um uma ele
ela mas het een hij zij wij maar
"""
BEGINNINGS = frozenset(_BEGINNINGS_WORDS.split())
"""Words that begin sentences."""

_ORDINAL_BEFORE_WORDS = """
am der die das den dem des vom zum im bis seit ab ein eine einem einer det en et og artikel
paragraf kapitel absatz
"""
ORDINAL_BEFORE = frozenset(_ORDINAL_BEFORE_WORDS.split())
"""What stands before a number with a stop that is an ordinal."""

_MONTHS_WORDS = """
januar februar märz april mai juni juli august september oktober november dezember jänner
januari februari maart mei augustus marts maj jahrhundert
"""
MONTHS = frozenset(_MONTHS_WORDS.split())
"""What stands behind one."""

_EMPTY_WORDS = """
a about after all also although am an and any are as at be because been before being between
both but by can could did do does doing down during each either else ever every few for from
further had has have having he her here hers him his how however i if in into is it its itself
just like many may me might more most much must my neither no nor not now of off on once one
only or other our out over own per please same say says shall she should since so some still
such tell than that the their them then there these they this those through thus to too under
until up upon us use used using very via was we were what when where whether which while who
whom whose why will with within without would yet you your name list give show explain describe
called aber als auch auf aus bei bis da dann das dass dem den denn der des die dies diese dieser
doch dort du durch ein eine einem einen einer eines er es für gibt hat hatte ich ihr im ist kann
man mehr mit nach nicht noch nur ob oder ohne sein seine sich sie sind über um und uns unter vom
von vor war waren warum welche welcher welches wenn wer werden wie wieder wir wird wo wurde
wurden zu zum zur zwischen au aux avec ce ces cette comme dans de elle elles en est et eux il
ils je la le les leur lui mais même ne nous ont ou où par pas pour quand que quel quelle quelles
quels qui quoi sa se ses son sont sur ta te tu un une vous al como con cuál cuáles cuándo del
desde donde dónde el ella ellos entre era eran esta este fue fueron ha hay las lo los más para
pero por porque qué quién ser si sobre su sus una y che chi cosa come dal dalla degli dei della
delle di dove gli nel nella non perché più quale quali quando quanto sono suo tra uno ao aos dos
ela ele em foi mas na nas nos num não pela pelo qual quais quem são seu sua uma aan bij dat deze
dit door een haar heeft het hij hoe hun ik maar met naar niet om ook op uit van voor waar waarom
wat welk welke wordt zijn
"""
EMPTY = frozenset(_EMPTY_WORDS.split())
"""Words that only hold a sentence together, or ask."""

_EMPTY_PAIRS_WORDS = """
什么 哪个 哪些 谁的 多少 怎么 为什 如何 何时 的是 是什 是谁 在哪 哪里 的吗 了吗 几个 哪一 一个 的人
"""
EMPTY_PAIRS = frozenset(_EMPTY_PAIRS_WORDS.split())
"""The same as pairs of characters."""
