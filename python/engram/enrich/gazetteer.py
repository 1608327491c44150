"""Names that the rules know: countries, cities, given names, words around names.

Owns: the lists, written for this package: states, their capitals, large cities, given names that
are common in many countries, and the words that tell what a name beside them is. Limits: English
forms, and far from all of them; a list says what a name may be, `engram.enrich.rules` decides.
"""

from __future__ import annotations

__all__ = [
    "AMBIGUOUS",
    "EVENT_WORDS",
    "GIVEN_NAMES",
    "LANDFORMS",
    "LEADING_LANDFORMS",
    "MONTHS",
    "NO_NAMES",
    "ORGANISATIONS",
    "ORGANISATION_WORDS",
    "PLACES",
    "PRODUCTS",
    "REGIONS",
    "TITLES",
    "WEEKDAYS",
]


def _names(text: str) -> frozenset[str]:
    """Read names that stand apart by semicolons."""
    return frozenset(" ".join(name.split()) for name in text.split(";"))


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_COUNTRIES = """
Afghanistan; Albania; Algeria; Andorra; Angola; Argentina; Armenia; Australia; Austria;
Azerbaijan; Bahamas; Bahrain; Bangladesh; Barbados; Belarus; Belgium; Belize; Benin; Bhutan;
Bolivia; Bosnia; Bosnia and Herzegovina; Botswana; Brazil; Brunei; Bulgaria; Burkina Faso;
Burma; Burundi; Cambodia; Cameroon; Canada; Cape Verde; Central African Republic; Chad; Chile;
China; Colombia; Comoros; Congo; Costa Rica; Croatia; Cuba; Cyprus; Czech Republic; Czechia;
Denmark; Djibouti; Dominica; Dominican Republic; East Timor; Ecuador; Egypt; El Salvador;
England; Equatorial Guinea; Eritrea; Estonia; Eswatini; Ethiopia; Fiji; Finland; France; Gabon;
Gambia; Georgia; Germany; Ghana; Great Britain; Britain; Greece; Grenada; Guatemala; Guinea;
Guinea-Bissau; Guyana; Haiti; Honduras; Hungary; Iceland; India; Indonesia; Iran; Iraq; Ireland;
Israel; Italy; Ivory Coast; Jamaica; Japan; Jordan; Kazakhstan; Kenya; Kiribati; Kosovo; Kuwait;
Kyrgyzstan; Laos; Latvia; Lebanon; Lesotho; Liberia; Libya; Liechtenstein; Lithuania;
Luxembourg; Madagascar; Malawi; Malaysia; Maldives; Mali; Malta; Mauritania; Mauritius; Mexico;
Micronesia; Moldova; Monaco; Mongolia; Montenegro; Morocco; Mozambique; Myanmar; Namibia; Nauru;
Nepal; Netherlands; New Zealand; Nicaragua; Niger; Nigeria; North Korea; North Macedonia;
Northern Ireland; Norway; Oman; Pakistan; Palau; Palestine; Panama; Papua New Guinea; Paraguay;
Peru; Philippines; Poland; Portugal; Qatar; Romania; Russia; Rwanda; Saint Lucia; Samoa;
San Marino; Saudi Arabia; Scotland; Senegal; Serbia; Seychelles; Sierra Leone; Singapore;
Slovakia; Slovenia; Solomon Islands; Somalia; South Africa; South Korea; South Sudan; Spain;
Sri Lanka; Sudan; Suriname; Sweden; Switzerland; Syria; Taiwan; Tajikistan; Tanzania; Thailand;
Togo; Tonga; Trinidad and Tobago; Tunisia; Turkey; Turkmenistan; Tuvalu; Uganda; Ukraine;
United Arab Emirates; United Kingdom; United States; United States of America; Uruguay;
Uzbekistan; Vanuatu; Vatican City; Venezuela; Vietnam; Wales; Yemen; Zambia; Zimbabwe; USA; US;
U.S.; U.S.A.; UK; U.K.; UAE; USSR; Soviet Union"""

_CITIES = """
Abidjan; Abu Dhabi; Abuja; Accra; Addis Ababa; Adelaide; Ahmedabad; Aleppo; Alexandria; Algiers;
Almaty; Amman; Amsterdam; Ankara; Antwerp; Asuncion; Athens; Atlanta; Auckland; Austin; Baghdad;
Baku; Bali; Baltimore; Bamako; Bangalore; Bengaluru; Bangkok; Barcelona; Basel; Beijing; Beirut;
Belfast; Belgrade; Belo Horizonte; Bergen; Berlin; Bern; Bilbao; Birmingham; Bogota; Bologna;
Bordeaux; Boston; Brasilia; Bratislava; Brisbane; Bristol; Brooklyn; Brussels; Bucharest;
Budapest; Buenos Aires; Buffalo; Cairo; Calgary; Cambridge; Canberra; Cape Town; Caracas;
Cardiff; Casablanca; Charlotte; Chengdu; Chennai; Chicago; Cincinnati; Cleveland; Cologne;
Colombo; Columbus; Copenhagen; Dakar; Dallas; Damascus; Dar es Salaam; Delhi; Denver; Detroit;
Dhaka; Doha; Dortmund; Dresden; Dubai; Dublin; Durban; Dusseldorf; Edinburgh; Edmonton; Essen;
Florence; Frankfurt; Fukuoka; Geneva; Genoa; Ghent; Glasgow; Gothenburg; Granada; Graz;
Guadalajara; Guangzhou; Guayaquil; Hamburg; Hanoi; Hanover; Harare; Havana; Helsinki; Hiroshima;
Ho Chi Minh City; Hong Kong; Honolulu; Houston; Hyderabad; Indianapolis; Islamabad; Istanbul;
Izmir; Jakarta; Jeddah; Jerusalem; Johannesburg; Kabul; Kampala; Kansas City; Karachi;
Kathmandu; Khartoum; Kigali; Kingston; Kinshasa; Kolkata; Krakow; Kuala Lumpur; Kyiv; Kiev;
Kyoto; La Paz; Lagos; Lahore; Las Vegas; Leeds; Leipzig; Lille; Lima; Lisbon; Liverpool;
Ljubljana; London; Los Angeles; Luanda; Lusaka; Lyon; Madrid; Malaga; Malmo; Managua;
Manchester; Manhattan; Manila; Maputo; Marrakesh; Marseille; Mecca; Medellin; Melbourne;
Memphis; Mexico City; Miami; Milan; Milwaukee; Minneapolis; Minsk; Mogadishu; Monterrey;
Montevideo; Montpellier; Montreal; Moscow; Mumbai; Munich; Nagoya; Nairobi; Nanjing; Nantes;
Naples; Nashville; New Delhi; New Orleans; New York; New York City; NYC; Newcastle; Nice;
Nottingham; Nuremberg; Oakland; Odessa; Orlando; Osaka; Oslo; Ottawa; Oxford; Palermo; Paris;
Perth; Philadelphia; Phoenix; Pittsburgh; Porto; Portland; Prague; Pretoria; Pune; Pyongyang;
Quebec; Quebec City; Quito; Rabat; Recife; Reykjavik; Riga; Rio de Janeiro; Rio; Riyadh; Rome;
Rotterdam; Sacramento; Saint Petersburg; St. Petersburg; Salt Lake City; Salvador; Salzburg;
San Antonio; San Diego; San Francisco; San Jose; San Juan; Santiago; Santo Domingo; Sao Paulo;
Sapporo; Sarajevo; Seattle; Seoul; Seville; Shanghai; Sheffield; Shenzhen; Skopje; Sofia;
Southampton; Stockholm; Strasbourg; Stuttgart; Surabaya; Sydney; Taipei; Tallinn; Tampa;
Tashkent; Tbilisi; Tehran; Tel Aviv; The Hague; Tijuana; Tirana; Tokyo; Toronto; Toulouse;
Tripoli; Tunis; Turin; Ulaanbaatar; Utrecht; Valencia; Vancouver; Venice; Verona; Vienna;
Vilnius; Warsaw; Washington; Washington DC; Washington D.C.; Wellington; Winnipeg; Wuhan;
Yangon; Yokohama; York; Zagreb; Zurich"""

_STATES = """
Alabama; Alaska; Arizona; Arkansas; California; Colorado; Connecticut; Delaware; Florida;
Hawaii; Idaho; Illinois; Indiana; Iowa; Kansas; Kentucky; Louisiana; Maine; Maryland;
Massachusetts; Michigan; Minnesota; Mississippi; Missouri; Montana; Nebraska; Nevada;
New Hampshire; New Jersey; New Mexico; North Carolina; North Dakota; Ohio; Oklahoma; Oregon;
Pennsylvania; Rhode Island; South Carolina; South Dakota; Tennessee; Texas; Utah; Vermont;
Virginia; West Virginia; Wisconsin; Wyoming; Ontario; British Columbia; Alberta; Manitoba;
Nova Scotia; Bavaria; Saxony; Catalonia; Andalusia; Normandy; Brittany; Tuscany; Lombardy;
Sicily; Sardinia; Queensland; Tasmania; Kerala; Punjab; Gujarat; Maharashtra; Bihar; Sindh;
Crimea; Silicon Valley; Hollywood"""

PLACES = _names(_COUNTRIES) | _names(_CITIES) | _names(_STATES)
"""Places with a government (GPE)."""

REGIONS = _names("""
Africa; Antarctica; Asia; Europe; North America; South America; Latin America; Central America;
Oceania; Arctic; Middle East; Balkans; Caribbean; Scandinavia; Siberia; Sahara; Himalayas; Alps;
Andes; Rockies; Pyrenees; Amazon River; Nile; Danube; Rhine; Thames; Mediterranean; Pacific;
Atlantic; Pacific Ocean; Atlantic Ocean; Indian Ocean; Black Sea; North Sea; Baltic Sea; Baltic;
Mount Everest; Everest; Kilimanjaro; Niagara Falls; Grand Canyon; Patagonia; Sahel; Midwest;
Far East; Southeast Asia; Eastern Europe; Western Europe; Central Park; Times Square""")
"""Places without one (LOC)."""

AMBIGUOUS = _words("Georgia Jordan Chad Paris Florence Charlotte Sofia Sydney Austin Virginia "
    "Carolina Dallas Phoenix Orlando Israel Victoria Lima Nice Turkey Salvador Santiago Valencia "
    "Verona Vienna Washington York Buffalo Essen Reading Columbus Cleveland Houston Montana "
    "Tennessee Milan Kingston Chelsea Brooklyn Alexandria")  # fmt: skip
"""Places that are names of people, or common words, as well."""

GIVEN_NAMES = _words("""
Aaron Abdul Abdullah Abigail Adam Adele Adrian Ahmed Aisha Akira Alan Albert Alejandro Alex
Alexander Alexandra Alexis Alfred Ali Alice Alicia Alina Allison Amanda Amber Amelia Amina Amir
Amy Ana Anand Anastasia Andrea Andreas Andrei Andrew Andy Angela Anita Anja Ann Anna Anne Annie
Anthony Antoine Anton Antonio Anya Ariana Arjun Arthur Asha Ashley Astrid Audrey Ava Ayesha
Barbara Beatrice Ben Benjamin Bernard Beth Betty Bill Billy Bjorn Bob Bobby Boris Brad Bradley
Brandon Brenda Brett Brian Bridget Bruce Bruno Bryan Caitlin Camila Camille Carl Carla Carlos
Carmen Carol Caroline Catherine Cathy Cecilia Celine Charles Charlie Charlotte Chen Chloe Chris
Christian Christina Christine Christopher Claire Clara Claudia Connor Craig Cristina Cynthia
Daisuke Dan Daniel Daniela Danielle Danny Dave David Deborah Deepa Deepak Denise Dennis Derek
Diana Diane Diego Dieter Dimitri Dmitri Dominic Donald Donna Doris Dorothy Douglas Dylan Ed
Eddie Edgar Edith Edward Edwin Eileen Elaine Elena Eli Elias Elisabeth Eliza Elizabeth Ella
Ellen Ellie Elon Elsa Emil Emilia Emily Emma Enrique Eric Erica Erik Erika Erin Ernest Esther
Ethan Eugene Eva Evan Eve Evelyn Fatima Felipe Felix Fernando Fiona Florian Frances Francesca
Francis Francisco Frank Franz Fred Frederick Freya Friedrich Gabriel Gabriela Gareth Gary Gavin
Gemma Geoffrey George Georgina Gerald Gerard Gianna Gina Giovanni Giulia Gloria Gordon Graham
Greg Gregory Greta Guido Guillermo Gustav Hana Hannah Hans Harold Harriet Harry Hassan Heather
Hector Heidi Heinrich Helen Helena Helga Henri Henry Hiroshi Holly Howard Hugh Hugo Ian Ibrahim
Ida Ignacio Igor Ingrid Irene Irina Isaac Isabel Isabella Ivan Jack Jackie Jacob Jacques Jake
James Jamie Jan Jane Janet Janice Jared Jasmine Jason Javier Jay Jean Jeff Jeffrey Jenna
Jennifer Jenny Jeremy Jerome Jerry Jesse Jessica Jill Jim Jimmy Joan Joanna Joanne Joe Joel
Johan Johann Johanna John Johnny Jon Jonas Jonathan Jorge Jose Joseph Josh Joshua Joyce Juan
Juanita Judith Judy Julia Julian Juliana Julie Juliet Julio Jun Justin Kamal Karen Karin Karl
Kate Katherine Kathleen Kathryn Kathy Katie Kazuo Keith Kelly Ken Kenji Kenneth Kevin Khalid Kim
Kimberly Klaus Kofi Kurt Kyle Larry Lars Laura Lauren Laurent Layla Lea Leah Lee Leila Lena Leo
Leon Leonard Leonardo Leslie Li Liam Lily Linda Lisa Liz Lorenzo Louis Louise Lucas Lucia Lucy
Luigi Luis Luisa Luke Lydia Madeleine Madison Magnus Malcolm Manuel Marc Marcel Marco Marcus
Margaret Maria Mariana Marie Marilyn Mario Marion Marisa Mark Markus Marta Martha Martin Martina
Mary Mateo Mathias Matt Matteo Matthew Maureen Max Maya Megan Mei Mel Melanie Melissa Mia
Michael Michel Michelle Miguel Mike Mikhail Milena Ming Miriam Mohamed Mohammad Mohammed Mohit
Molly Monica Monika Muhammad Nadia Nancy Naomi Natalia Natalie Natasha Nathan Neha Neil Nicholas
Nick Nicolas Nicole Nigel Nikhil Nikita Nikolai Nina Noah Noor Nora Norman Oleg Olga Oliver
Olivia Omar Oscar Otto Owen Pablo Pamela Patricia Patrick Paul Paula Pauline Pavel Pedro
Penelope Pete Peter Petra Phil Philip Philippe Phoebe Pierre Priya Priyanka Rachel Rafael Raj
Rajesh Ralph Ramon Randy Raphael Ravi Ray Raymond Rebecca Regina Rene Ricardo Richard Rick Rita
Rob Robert Roberta Roberto Robin Rodrigo Roger Rohan Roland Roman Ron Ronald Rosa Rosalind Rose
Ross Roy Ruben Rupert Ruth Ryan Sabine Sabrina Sally Sam Samantha Samir Samuel Sandra Sanjay
Sara Sarah Saskia Scott Sean Sebastian Sergei Sergio Shane Shannon Sharon Shreya Simon Simone
Sofia Sonia Sophia Sophie Stacy Stan Stanley Stefan Stella Stephanie Stephen Steve Steven Stuart
Sue Sunita Susan Susanna Suzanne Svetlana Sven Sylvia Takashi Tamara Tanya Tara Tariq Tatiana
Ted Teresa Terry Theo Theodore Theresa Thomas Tiffany Tim Timothy Tina Tobias Todd Tom Tomas
Tony Tracy Trevor Tyler Ulrich Ursula Valentina Valerie Vanessa Vera Veronica Vicky Victor
Victoria Vijay Viktor Vincent Virginia Vivian Vladimir Walter Wanda Wayne Wendy Werner Wei Will
William Winston Wolfgang Xavier Yasmin Yuki Yuri Yusuf Yvonne Zach Zachary Zara Zoe Zoltan Nate
Jolene Georgia Jordan Chad Florence Austin Calvin Tomoko Haruto Aiko Kwame Amara Chidi Ngozi
Zainab Mehmet Aylin Emre Linh Minh Thuy""")
"""Given names of people."""

TITLES = _words("mr mrs ms miss mx dr prof professor sir dame lord lady president senator governor "
    "mayor judge justice captain capt colonel general gen lieutenant lt sergeant sgt major king "
    "queen prince princess pope father sister brother rev reverend saint chancellor minister "
    "ambassador coach detective officer secretary congressman congresswoman uncle aunt "
    "grandma grandpa")  # fmt: skip
"""What stands before a person's name; lower-case, without the full stop."""

ORGANISATION_WORDS = _words("assembly center centre senate channel "
    "inc corp corporation ltd llc plc gmbh ag co company companies group "
    "holdings partners associates industries enterprises systems technologies technology software "
    "laboratories labs laboratory university college school institute academy bank foundation "
    "association society union federation league committee council commission agency ministry "
    "department bureau authority party church hospital clinic museum library orchestra theatre "
    "theater airlines airways motors pharmaceuticals records studios pictures press times post "
    "herald tribune gazette news network media fc united club team")  # fmt: skip
"""Last words of organisations; lower-case."""

ORGANISATIONS = _names("""
Google; Apple; Microsoft; Amazon; Facebook; Meta; Twitter; Netflix; IBM; Intel; Nvidia; NVIDIA;
AMD; Oracle; Samsung; Sony; Nokia; Siemens; Bosch; BMW; Toyota; Honda; Ford; Tesla; Volkswagen;
Boeing; Airbus; NASA; ESA; CERN; FBI; CIA; NSA; MI6; UN; United Nations; EU; European Union;
NATO; WHO; World Health Organization; IMF; World Bank; UNESCO; UNICEF; OPEC; WTO; BBC; CNN; NBC;
CBS; ABC; ESPN; Reuters; Associated Press; New York Times; Washington Post; Guardian; MIT; UCLA;
NYU; Harvard; Stanford; Yale; Princeton; OpenAI; Anthropic; DeepMind; Spotify; Uber; Airbnb;
PayPal; eBay; Adobe; Cisco; HP; Dell; LinkedIn; Instagram; WhatsApp; YouTube; Reddit; Wikipedia;
Mozilla; Walmart; Target; Starbucks; McDonald's; Coca-Cola; Pepsi; Nike; Adidas; IKEA; Disney;
Pixar; Marvel; Warner Bros; Universal; Goldman Sachs; JPMorgan; Deutsche Bank; HSBC; Pfizer;
Moderna; Bayer; Novartis; Roche; Red Cross; Greenpeace; Amnesty International; FIFA; UEFA; NBA;
NFL; MLB; NHL; Congress; Senate; Parliament; Supreme Court; Pentagon; White House; Kremlin;
Interpol; GitHub; GitLab; Slack""")
"""Organisations that have no telling word in their names."""

LANDFORMS = _words("county district "
    "river lake sea ocean mountain mountains hills valley desert island islands bay "
    "gulf beach coast canyon falls forest park peninsula strait peak glacier street road avenue "
    "boulevard square bridge airport station blvd ave")  # fmt: skip
"""Last words of places that are no state or city."""

LEADING_LANDFORMS = _words("mount lake cape gulf mt")
"""First words of such places."""

EVENT_WORDS = _words("olympics festival conference summit cup championship championships marathon "
    "war revolution awards oscars grammys fair expo games tournament prix election crisis "
    "wimbledon convention")  # fmt: skip
"""Last words of events."""

PRODUCTS = _names("""
iPhone; iPad; iPod; MacBook; iOS; Android; Windows; Linux; Ubuntu; macOS; PlayStation; Xbox;
Nintendo Switch; Kindle; Alexa; Siri; Photoshop; Excel; PowerPoint; Gmail; Chrome; Firefox;
Safari; Python; Rust; JavaScript; TypeScript; Java; PostgreSQL; SQLite; MySQL; Docker;
Kubernetes; Git; ChatGPT; Prius; Corolla; Mustang; Galaxy; Walkman; Game Boy; GameCube; AirPods""")
"""Products."""

MONTHS = _words("January February March April May June July August September October November "
    "December Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec")  # fmt: skip
WEEKDAYS = _words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday Mon Tue Tues Wed Thu "
    "Thurs Fri Sat Sun")  # fmt: skip

NO_NAMES = _words("""
a about above after again all also although am an and another any anyone anything are as at away
back be because been before being below best better between big both but by bye call can cannot
come congrats congratulations could dear did do does doing done down each either else even ever
every everybody everyone everything few find first follow for from get getting give go god going
gonna good got guess had haha happy has hate have having he hello help her here hers hey hi him
his hope how however i if in instead into is it its just keep know last later let lets like
listen little live lol long look looking lot lots love made make making many may maybe me mean
meanwhile might mine miss more morning most much must my myself never next nice night no nobody
none nor not nothing now of off oh ok okay old omg on once one only or other our out over own
people perhaps play please rather read ready really remember right said same saw say second see
seems shall she should show since so some someone something sometimes soon sorry sounds still
stop such sunday sure take talk tell than thank thanks that the their them then there therefore
these they thing things think this those though three through till time to today together
tomorrow tonight too try two unless until up upon us very wait want was watch watching way we
welcome well went were what whatever when where whether which while who whoever whole whom whose
why will wish with within without wonder would wow yeah year years yep yes yesterday yet you
your yours yup rt im ive dont cant wont didnt isnt english french german spanish italian chinese
japanese russian american british european african asian indian canadian australian mexican
brazilian christian muslim jewish ceo cto cfo tv pm dj pc id faq asap fyi aka usb pdf html api
url cpu gpu ai ml""")
"""Words that are no names however they are written; lower-case."""
