//! Words of each language that carry grammar rather than matter.
//!
//! Owns: the lists, and nothing of what is done with them. A list holds articles, pronouns, prepositions,
//! conjunctions, auxiliaries and question words, in lower case, with and without the accents that people
//! leave out being the same word. Words that are as often something else (German "sein" as a noun is fine;
//! English "can" too) are in if they mostly are not. Indexes hold all of them; only queries look here.

use super::Language;
use super::characters::normalise;
use std::collections::HashSet;

/// The function words of a language.
pub(super) struct FunctionWords(HashSet<String>);

impl FunctionWords {
    pub(super) fn of(language: Language) -> Self {
        let mut folded = String::new();
        let words = list(language).split_whitespace();
        FunctionWords(
            words
                .map(|word| {
                    normalise(word, true, &mut folded);
                    folded.clone()
                })
                .collect(),
        )
    }

    /// Whether a word, as it stands in a text, is one.
    pub(super) fn contains(&self, word: &str) -> bool {
        let mut folded = String::new();
        normalise(word, true, &mut folded);
        self.0.contains(&folded)
    }
}

fn list(language: Language) -> &'static str {
    match language {
        Language::None => "",
        Language::Arabic => {
            "\u{641}\u{64a} \u{645}\u{646} \u{639}\u{644}\u{649} \u{625}\u{644}\u{649} \u{639}\u{646} \
             \u{645}\u{639} \u{623}\u{646} \u{625}\u{646} \u{644}\u{627} \u{645}\u{627} \u{647}\u{644} \
             \u{647}\u{648} \u{647}\u{64a} \u{647}\u{645} \u{623}\u{646}\u{62a} \u{623}\u{646}\u{627} \
             \u{646}\u{62d}\u{646} \u{647}\u{630}\u{627} \u{647}\u{630}\u{647} \u{630}\u{644}\u{643} \
             \u{62a}\u{644}\u{643} \u{627}\u{644}\u{630}\u{64a} \u{627}\u{644}\u{62a}\u{64a} \
             \u{643}\u{627}\u{646} \u{643}\u{627}\u{646}\u{62a} \u{64a}\u{643}\u{648}\u{646} \u{642}\u{62f} \
             \u{644}\u{645} \u{644}\u{646} \u{643}\u{645} \u{643}\u{64a}\u{641} \u{645}\u{62a}\u{649} \
             \u{623}\u{64a}\u{646} \u{645}\u{627}\u{630}\u{627} \u{644}\u{645}\u{627}\u{630}\u{627} \
             \u{623}\u{648} \u{62b}\u{645} \u{628}\u{639}\u{62f} \u{642}\u{628}\u{644} \u{628}\u{64a}\u{646} \
             \u{643}\u{644} \u{641}\u{64a}\u{647} \u{641}\u{64a}\u{647}\u{627} \u{628}\u{647} \u{644}\u{647} \
             \u{645}\u{646}\u{647} \u{639}\u{644}\u{64a}\u{647} \u{62d}\u{62a}\u{649} \u{625}\u{630}\u{627} \
             \u{639}\u{646}\u{62f} \u{63a}\u{64a}\u{631} \u{644}\u{643}\u{646} \u{648}"
        }
        Language::Danish => {
            "og i at det en den til er som p\u{e5} de med han af for ikke der var mig sig men et har om vi \
             min havde ham hun nu over da fra du ud sin dem os op man hans hvor eller hvad skal selv her alle \
             vil blev kunne ind n\u{e5}r v\u{e6}re dog noget ville jo deres efter ned skulle denne end dette \
             mit ogs\u{e5} under have dig anden hende mine alt meget sit sine vor mod disse hvis din nogle \
             hos blive mange ad bliver hendes v\u{e6}ret jeg s\u{e5}dan hvordan hvorfor hvem hvilken hvilke \
             kan"
        }
        Language::Dutch => {
            "de en van ik te dat die in een hij het niet zijn is was op aan met als voor had er maar om hem \
             dan zou of wat mijn men dit zo door over ze zich bij ook tot je mij uit der daar haar naar heb \
             hoe heeft hebben deze u want nog zal me zij nu ge geen omdat iets worden toch al waren veel meer \
             doen moet ben zonder kan hun dus alles onder ja eens hier wie werd altijd doch wordt wezen \
             kunnen ons zelf tegen na reeds wil kon niets uw iemand geweest andere waar waarom welke wanneer \
             we wij jij jullie"
        }
        Language::English => {
            "a about above after again against all am an and any are aren't as at be because been before \
             being below between both but by can can't cannot could couldn't did didn't do does doesn't \
             doing don't down during each few for from further had hadn't has hasn't have haven't having he \
             he'd he'll her here hers herself him himself his how i i'd i'll i'm i've if in into is isn't it \
             its itself let me more most mustn't my myself no nor not of off on once only or other ought our \
             ours ourselves out over own same shan't she she'd she'll should shouldn't so some such than \
             that the their theirs them themselves then there these they they'd they'll they're they've this \
             those through to too under until up very was wasn't we we'd we'll we're we've were weren't what \
             when where which while who whom whose why will with won't would wouldn't you you'd you'll \
             you're you've your yours yourself yourselves"
        }
        Language::Finnish => {
            "olla olen olet on olemme olette ovat ollut oli olin olit olimme olitte olivat ei en et emme \
             ette eiv\u{e4}t min\u{e4} minun minua minulle sin\u{e4} sinun sinua sinulle h\u{e4}n \
             h\u{e4}nen h\u{e4}nt\u{e4} h\u{e4}nelle me meid\u{e4}n meit\u{e4} meille te teid\u{e4}n \
             teit\u{e4} teille he heid\u{e4}n heit\u{e4} heille t\u{e4}m\u{e4} t\u{e4}m\u{e4}n \
             t\u{e4}t\u{e4} t\u{e4}ss\u{e4} t\u{e4}st\u{e4} tuo tuon tuota se sen sit\u{e4} siin\u{e4} \
             siit\u{e4} sille n\u{e4}m\u{e4} n\u{e4}iden ne niiden niit\u{e4} niiss\u{e4} kuka kenen \
             ket\u{e4} kenelle mik\u{e4} mink\u{e4} mit\u{e4} miss\u{e4} mist\u{e4} mihin milloin miksi miten \
             joka jonka jota jossa josta johon jotka joiden joita ett\u{e4} ja jos koska kuin mutta niin \
             sek\u{e4} tai vaan vai vaikka kanssa mukaan noin poikki yli kun nyt itse my\u{f6}s"
        }
        Language::French => {
            "au aux avec ce ces cet cette dans de des du elle elles en et eux il ils je la le les leur leurs \
             lui ma mais me m\u{ea}me mes moi mon ne nos notre nous on ou o\u{f9} par pas pour qu que quel \
             quelle quelles quels qui sa se ses si son sur ta te tes toi ton tu un une vos votre vous c d j \
             l m n s t y est sont \u{e9}tait \u{e9}taient \u{ea}tre \u{e9}t\u{e9} suis es sommes \
             \u{ea}tes sera seront serait soit fut a ai as avons avez ont avait avaient avoir aura auront \
             aurait eu plus tr\u{e8}s comme comment pourquoi quand combien donc or ni car sans sous entre \
             chez vers cela ceci \u{e7}a celui celle ceux celles dont lequel laquelle lesquels aussi bien \
             peut peuvent fait"
        }
        Language::German => {
            "aber alle allem allen aller alles als also am an ander andere anderem anderen anderer anderes auch \
             auf aus bei bin bis bist da damit dann der den des dem die das dass da\u{df} dein deine deinem \
             deinen deiner denn derer dessen dich dir du dies diese diesem diesen dieser dieses doch dort durch \
             ein eine einem einen einer eines einig einige einigem einigen einiger einiges einmal er ihn ihm es \
             etwas euer eure eurem euren eurer f\u{fc}r gegen gewesen hab habe haben hat hatte hatten hier hin \
             hinter ich mich mir ihr ihre ihrem ihren ihrer euch im in indem ins ist jede jedem jeden jeder jedes \
             jene jenem jenen jener jenes jetzt kann kein keine keinem keinen keiner k\u{f6}nnen k\u{f6}nnte \
             machen man manche manchem manchen mancher manches mein meine meinem meinen meiner mit muss musste \
             nach nicht nichts noch nun nur ob oder ohne sehr sein seine seinem seinen seiner selbst sich sie \
             ihnen sind so solche solchem solchen solcher soll sollte sondern sonst \u{fc}ber um und uns unser \
             unsere unserem unseren unserer unter viel vom von vor w\u{e4}hrend war waren warst was weg weil \
             weiter welche welchem welchen welcher welches wenn wer wem wen werde werden wie wieder wieso will \
             wir wird wirst wo woher wohin wollen wollte wurde wurden w\u{fc}rde w\u{fc}rden warum wann zu zum \
             zur zwar zwischen"
        }
        Language::Greek => {
            "\u{3bf} \u{3b7} \u{3c4}\u{3bf} \u{3bf}\u{3b9} \u{3c4}\u{3b1} \u{3c4}\u{3bf}\u{3c5} \u{3c4}\u{3b7}\u{3c2} \
             \u{3c4}\u{3c9}\u{3bd} \u{3c4}\u{3bf}\u{3bd} \u{3c4}\u{3b7}\u{3bd} \u{3c4}\u{3bf}\u{3c5}\u{3c2} \
             \u{3c4}\u{3b9}\u{3c2} \u{3ba}\u{3b1}\u{3b9} \u{3ba}\u{3b9} \u{3bd}\u{3b1} \u{3b8}\u{3b1} \u{3b4}\u{3b5} \
             \u{3b4}\u{3b5}\u{3bd} \u{3bc}\u{3b7} \u{3bc}\u{3b7}\u{3bd} \u{3bc}\u{3b5} \u{3c3}\u{3b5} \u{3b1}\u{3c0}\u{3cc} \
             \u{3b3}\u{3b9}\u{3b1} \u{3c0}\u{3c1}\u{3bf}\u{3c2} \u{3c9}\u{3c2} \u{3ba}\u{3b1}\u{3c4}\u{3ac} \
             \u{3bc}\u{3b5}\u{3c4}\u{3ac} \u{3c0}\u{3b1}\u{3c1}\u{3ac} \u{3b1}\u{3bd}\u{3c4}\u{3af} \u{3c3}\u{3c4}\u{3bf} \
             \u{3c3}\u{3c4}\u{3bf}\u{3bd} \u{3c3}\u{3c4}\u{3b7} \u{3c3}\u{3c4}\u{3b7}\u{3bd} \u{3c3}\u{3c4}\u{3b1} \
             \u{3c3}\u{3c4}\u{3b9}\u{3c2} \u{3c3}\u{3c4}\u{3bf}\u{3c5}\u{3c2} \u{3b5}\u{3af}\u{3bd}\u{3b1}\u{3b9} \
             \u{3ae}\u{3c4}\u{3b1}\u{3bd} \u{3ad}\u{3c7}\u{3b5}\u{3b9} \u{3ad}\u{3c7}\u{3bf}\u{3c5}\u{3bd} \
             \u{3b5}\u{3af}\u{3c7}\u{3b5} \u{3b1}\u{3bd} \u{3cc}\u{3c4}\u{3b9} \u{3c0}\u{3bf}\u{3c5} \u{3c0}\u{3c9}\u{3c2} \
             \u{3c0}\u{3bf}\u{3b9}\u{3bf}\u{3c2} \u{3c0}\u{3bf}\u{3b9}\u{3b1} \u{3c0}\u{3bf}\u{3b9}\u{3bf} \u{3c4}\u{3b9} \
             \u{3b3}\u{3b9}\u{3b1}\u{3c4}\u{3af} \u{3c0}\u{3cc}\u{3c4}\u{3b5} \u{3b1}\u{3c5}\u{3c4}\u{3cc}\u{3c2} \
             \u{3b1}\u{3c5}\u{3c4}\u{3ae} \u{3b1}\u{3c5}\u{3c4}\u{3cc} \u{3b1}\u{3c5}\u{3c4}\u{3bf}\u{3af} \
             \u{3b5}\u{3b3}\u{3ce} \u{3b5}\u{3c3}\u{3cd} \u{3b5}\u{3bc}\u{3b5}\u{3af}\u{3c2} \u{3b5}\u{3c3}\u{3b5}\u{3af}\u{3c2} \
             \u{3bc}\u{3bf}\u{3c5} \u{3c3}\u{3bf}\u{3c5} \u{3bc}\u{3b1}\u{3c2} \u{3c3}\u{3b1}\u{3c2} \u{3ad}\u{3bd}\u{3b1}\u{3c2} \
             \u{3bc}\u{3b9}\u{3b1} \u{3ad}\u{3bd}\u{3b1} \u{3ae} \u{3b1}\u{3bb}\u{3bb}\u{3ac} \u{3cc}\u{3c0}\u{3c9}\u{3c2} \
             \u{3cc}\u{3c4}\u{3b1}\u{3bd}"
        }
        Language::Hungarian => {
            "a az \u{e9}s hogy nem is egy de van volt meg csak ez ezt azt mint ha vagy m\u{e1}r m\u{e9}g \
             ki mi mit kell lesz lehet minden majd \u{ed}gy \u{fa}gy ezek azok ebben abban erre arra ennek \
             annak ezzel azzal itt ott \u{e9}n te \u{151} mi ti \u{151}k engem t\u{e9}ged \u{151}t minket \
             titeket \u{151}ket nekem neked neki nek\u{fc}nk nektek nekik vagyok vagy vagyunk vagytok vannak \
             voltam volt\u{e1}l voltunk voltak lenne lett mert pedig sem se be el fel le \u{e1}t r\u{e1} \
             ut\u{e1}n el\u{151}tt alatt f\u{f6}l\u{f6}tt k\u{f6}z\u{f6}tt szerint mely amely aki ami \
             amit akik amelyek hol mikor mi\u{e9}rt hogyan melyik mennyi h\u{e1}ny igen"
        }
        Language::Italian => {
            "ad al allo ai agli alla alle con col coi da dal dallo dai dagli dalla dalle di del dello dei degli \
             della delle in nel nello nei negli nella nelle su sul sullo sui sugli sulla sulle per tra fra contro \
             io tu lui lei noi voi loro mio mia miei mie tuo tua tuoi tue suo sua suoi sue nostro nostra nostri \
             nostre vostro vostra vostri vostre mi ti ci vi lo la li le gli ne il un uno una ma ed se perch\u{e9} \
             anche come dov dove che chi cui non pi\u{f9} quale quali quanto quanti quanta quante quello quelli \
             quella quelle questo questi questa queste si tutto tutti a c e i l o ho hai ha abbiamo avete hanno \
             aveva avevano avere sono sei \u{e8} siamo siete era erano essere stato stata stati state sia fosse \
             sar\u{e0} saranno sarebbe quando cosa cos\u{ec} senza sotto sopra pu\u{f2} possono"
        }
        Language::Norwegian => {
            "og i jeg det at en et den til er som p\u{e5} de med han av ikke der s\u{e5} var meg seg men ett \
             har om vi min mitt ha hadde hun n\u{e5} over da ved fra du ut sin dem oss opp man kan hans hvor \
             eller hva skal selv sj\u{f8}l her alle vil bli ble blitt kunne inn n\u{e5}r v\u{e6}re kom noen \
             noe ville dere deres kun ja etter ned skulle denne for deg si sine sitt mot \u{e5} meget hvorfor \
             dette disse uten hvordan ingen din ditt blir samme hvilken hvilke hvem s\u{e5}nn inni mellom \
             v\u{e5}r hver vors andre b\u{e5}de bare enn fordi f\u{f8}r mange ogs\u{e5} slik v\u{e6}rt \
             begge siden hennes henne"
        }
        Language::Portuguese => {
            "a \u{e0} ao aos aquela aquelas aquele aqueles aquilo as \u{e0}s at\u{e9} com como da das de dela \
             delas dele deles depois do dos e \u{e9} ela elas ele eles em entre era eram essa essas esse esses \
             esta est\u{e1} est\u{e3}o estas estava este estes estou eu foi foram for h\u{e1} isso isto j\u{e1} \
             lhe lhes mais mas me mesmo meu meus minha minhas muito na n\u{e3}o nas nem no nos n\u{f3}s nossa \
             nossas nosso nossos num numa o os ou para pela pelas pelo pelos por porque qual quais quando quanto \
             que quem onde s\u{e3}o se sem ser ser\u{e1} seria seu seus s\u{f3} somos sou sua suas tamb\u{e9}m \
             te tem t\u{e9}m tinha tenho ter teu teus tu tua tuas um uma uns umas voc\u{ea} voc\u{ea}s vos pode \
             podem sobre sob"
        }
        Language::Romanian => {
            "a abia acea aceasta aceast\u{103} aceea aceia acel acela acele acelea aceste acestea acestei \
             acestor acest acesta ace\u{219}ti ace\u{219}tia ai al ale am ar are a\u{219} a\u{219}a asta \
             \u{103}sta astea atunci au avea avem ave\u{21b}i c\u{103} care c\u{103}ror c\u{103}rui c\u{e2}nd \
             c\u{e2}t c\u{e2}te c\u{e2}\u{21b}i ce cea cei cel cele celor cine cu cum cui da dac\u{103} dar de \
             deci din dup\u{103} e ea ei el ele era erau este eu f\u{103}r\u{103} fi fie fost iar \u{ee}i \
             \u{ee}l \u{ee}mi \u{ee}n \u{ee}ntr \u{ee}ntre \u{ee}\u{21b}i la le li lor lui mai mea mei mele \
             meu mi mult ne ni nici nimic noi nostru noastre noastr\u{103} nu o ori pe pentru p\u{e2}n\u{103} \
             prin s\u{103} sale sa sau se si \u{219}i sunt suntem ta tale te ti tot to\u{21b}i tu tuturor un \
             una unde unei unele unii unor unui vor voi vom v\u{103} vostru unde"
        }
        Language::Russian => {
            "\u{438} \u{432} \u{432}\u{43e} \u{43d}\u{435} \u{447}\u{442}\u{43e} \u{43e}\u{43d} \u{43d}\u{430} \
             \u{44f} \u{441} \u{441}\u{43e} \u{43a}\u{430}\u{43a} \u{430} \u{442}\u{43e} \u{432}\u{441}\u{435} \
             \u{43e}\u{43d}\u{430} \u{442}\u{430}\u{43a} \u{435}\u{433}\u{43e} \u{43d}\u{43e} \u{434}\u{430} \
             \u{442}\u{44b} \u{43a} \u{443} \u{436}\u{435} \u{432}\u{44b} \u{437}\u{430} \u{431}\u{44b} \
             \u{43f}\u{43e} \u{435}\u{435} \u{43c}\u{43d}\u{435} \u{431}\u{44b}\u{43b}\u{43e} \u{432}\u{43e}\u{442} \
             \u{43e}\u{442} \u{43c}\u{435}\u{43d}\u{44f} \u{435}\u{449}\u{435} \u{43d}\u{435}\u{442} \u{43e} \
             \u{438}\u{437} \u{435}\u{43c}\u{443} \u{43a}\u{43e}\u{433}\u{434}\u{430} \u{434}\u{43b}\u{44f} \
             \u{43c}\u{44b} \u{442}\u{435}\u{431}\u{44f} \u{438}\u{445} \u{447}\u{435}\u{43c} \u{431}\u{44b}\u{43b} \
             \u{431}\u{44b}\u{43b}\u{430} \u{431}\u{44b}\u{43b}\u{438} \u{431}\u{44b}\u{442}\u{44c} \u{435}\u{441}\u{442}\u{44c} \
             \u{447}\u{442}\u{43e}\u{431}\u{44b} \u{431}\u{435}\u{437} \u{431}\u{443}\u{434}\u{442}\u{43e} \u{43f}\u{440}\u{438} \
             \u{43e}\u{431} \u{43b}\u{438} \u{43d}\u{438} \u{438}\u{43b}\u{438} \u{435}\u{441}\u{43b}\u{438} \
             \u{438}\u{43c} \u{43d}\u{430}\u{441} \u{43d}\u{430}\u{43c} \u{432}\u{430}\u{441} \u{432}\u{430}\u{43c} \
             \u{43e}\u{43d}\u{438} \u{43e}\u{43d}\u{43e} \u{443}\u{436}\u{435} \u{442}\u{430}\u{43c} \u{442}\u{443}\u{442} \
             \u{43f}\u{43e}\u{434} \u{43d}\u{430}\u{434} \u{434}\u{43e} \u{442}\u{43e}\u{442} \u{44d}\u{442}\u{43e}\u{442} \
             \u{44d}\u{442}\u{43e} \u{44d}\u{442}\u{430} \u{44d}\u{442}\u{438} \u{44d}\u{442}\u{43e}\u{433}\u{43e} \
             \u{44d}\u{442}\u{43e}\u{439} \u{44d}\u{442}\u{43e}\u{43c} \u{43a}\u{442}\u{43e} \u{433}\u{434}\u{435} \
             \u{43f}\u{43e}\u{447}\u{435}\u{43c}\u{443} \u{437}\u{430}\u{447}\u{435}\u{43c} \u{43a}\u{443}\u{434}\u{430} \
             \u{43e}\u{442}\u{43a}\u{443}\u{434}\u{430} \u{441}\u{43a}\u{43e}\u{43b}\u{44c}\u{43a}\u{43e} \u{43a}\u{430}\u{43a}\u{43e}\u{439} \
             \u{43a}\u{430}\u{43a}\u{430}\u{44f} \u{43a}\u{430}\u{43a}\u{438}\u{435} \u{43a}\u{43e}\u{442}\u{43e}\u{440}\u{44b}\u{439} \
             \u{43a}\u{43e}\u{442}\u{43e}\u{440}\u{430}\u{44f} \u{43a}\u{43e}\u{442}\u{43e}\u{440}\u{44b}\u{435} \u{43a}\u{43e}\u{442}\u{43e}\u{440}\u{43e}\u{435} \
             \u{43e}\u{43d}\u{430}\u{445} \u{441}\u{435}\u{431}\u{44f} \u{442}\u{43e}\u{436}\u{435} \u{43b}\u{438}\u{448}\u{44c} \
             \u{43c}\u{43e}\u{436}\u{43d}\u{43e}"
        }
        Language::Spanish => {
            "de la que el en y a los del se las por un para con no una su al lo como m\u{e1}s pero sus le ya o \
             este s\u{ed} porque esta entre cuando muy sin sobre tambi\u{e9}n me hasta hay donde quien quienes \
             desde todo nos durante todos uno les ni contra otros ese eso ante ellos e esto m\u{ed} antes \
             algunos qu\u{e9} unos yo otro otras otra \u{e9}l tanto esa estos mucho nada muchos cual cu\u{e1}l \
             cu\u{e1}les poco ella estar estas algunas algo nosotros mi mis t\u{fa} te ti tu tus ellas vosotros \
             m\u{ed}o suyo nuestro nuestra nuestros nuestras es soy eres somos son sea sean ser\u{e1} ser\u{ed}a \
             era eran fue fueron ser sido est\u{e1} est\u{e1}n estaba ha han he hab\u{ed}a haber tiene tienen \
             c\u{f3}mo cu\u{e1}ndo d\u{f3}nde qui\u{e9}n cu\u{e1}nto cu\u{e1}ntos puede pueden si bajo"
        }
        Language::Swedish => {
            "och det att i en jag hon som han p\u{e5} den med var sig f\u{f6}r s\u{e5} till \u{e4}r men ett \
             om hade de av icke mig du henne d\u{e5} sin nu har inte hans honom skulle hennes d\u{e4}r min \
             man ej vid kunde n\u{e5}got fr\u{e5}n ut n\u{e4}r efter upp vi dem vara vad \u{f6}ver \u{e4}n \
             dig kan sina h\u{e4}r ha mot alla under n\u{e5}gon eller allt mycket sedan ju denna sj\u{e4}lv \
             detta \u{e5}t utan varit hur ingen mitt ni bli blev oss din dessa n\u{e5}gra deras blir mina \
             samma vilken er s\u{e5}dan v\u{e5}r blivit dess inom mellan s\u{e5}dant varf\u{f6}r varje vilka \
             ditt vem vilket sitta s\u{e5}dana vart dina vars v\u{e5}rt v\u{e5}ra ert era vilkas"
        }
        Language::Tamil => {
            "\u{b92}\u{bb0}\u{bc1} \u{b8e}\u{ba9}\u{bcd}\u{bb1}\u{bc1} \u{bae}\u{bb1}\u{bcd}\u{bb1}\u{bc1}\u{bae}\u{bcd} \
             \u{b87}\u{ba8}\u{bcd}\u{ba4} \u{b85}\u{ba8}\u{bcd}\u{ba4} \u{b87}\u{ba4}\u{bc1} \u{b85}\u{ba4}\u{bc1} \
             \u{b8e}\u{ba9}\u{bcd}\u{bb1} \u{b86}\u{b95}\u{bc1}\u{bae}\u{bcd} \u{b85}\u{bb2}\u{bcd}\u{bb2}\u{ba4}\u{bc1} \
             \u{b86}\u{ba9}\u{bbe}\u{bb2}\u{bcd} \u{b85}\u{bb5}\u{bb0}\u{bcd} \u{ba8}\u{bbe}\u{ba9}\u{bcd} \u{b89}\u{bb3}\u{bcd}\u{bb3} \
             \u{b89}\u{bb3}\u{bcd}\u{bb3}\u{ba4}\u{bc1} \u{b8e}\u{ba9}\u{bcd}\u{ba9} \u{baf}\u{bbe}\u{bb0}\u{bcd} \u{b8e}\u{b99}\u{bcd}\u{b95}\u{bc7} \
             \u{b8e}\u{baa}\u{bcd}\u{baa}\u{bcb}\u{ba4}\u{bc1} \u{b8f}\u{ba9}\u{bcd} \u{b8e}\u{baa}\u{bcd}\u{baa}\u{b9f}\u{bbf}"
        }
        Language::Turkish => {
            "acaba ama ancak art\u{131}k asl\u{131}nda az baz\u{131} belki ben benden beni benim bile bir biri \
             biz bize bizi bizim bu buna bunda bundan bunlar bunu bunun da daha de defa di\u{11f}er dolay\u{131} \
             e\u{11f}er en fakat gibi g\u{f6}re hem hep hepsi her hi\u{e7} i\u{e7}in ile ise kadar kar\u{15f}\u{131} \
             ki kim kimi kimin mi m\u{131} mu m\u{fc} nas\u{131}l ne neden nerede nereye ni\u{e7}in niye o olan olarak \
             oldu oldu\u{11f}u olup on ona ondan onlar onlara onlar\u{131} onlar\u{131}n onu onun oysa \u{f6}nce sanki sen \
             seni senin siz size sizi sizin sonra \u{15f}ey \u{15f}u \u{15f}una \u{15f}unu tabii t\u{fc}m ve veya ya \
             yani yok zaten hangi ka\u{e7} kendi olmak olur var vard\u{131} de\u{11f}il"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_its_words() {
        for &language in Language::ALL {
            let words = FunctionWords::of(language);
            assert_eq!(
                words.0.is_empty(),
                language == Language::None,
                "{language:?}"
            );
            assert!(
                list(language)
                    .split_whitespace()
                    .all(|word| words.contains(word))
            );
        }
        let english = FunctionWords::of(Language::English);
        assert!(
            english.contains("The")
                && english.contains("you\u{2019}re")
                && !english.contains("whale")
        );
        let german = FunctionWords::of(Language::German);
        assert!(german.contains("F\u{dc}R") && german.contains("fur"));
    }
}
