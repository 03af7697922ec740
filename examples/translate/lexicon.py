"""Words of the grammar: English form first, then what German needs to inflect it."""

# English singular, English plural, German singular, German plural, gender.
PEOPLE = [
    ("man", "men", "Mann", "Männer", "m"),
    ("woman", "women", "Frau", "Frauen", "f"),
    ("child", "children", "Kind", "Kinder", "n"),
    ("teacher", "teachers", "Lehrer", "Lehrer", "m"),
    ("doctor", "doctors", "Arzt", "Ärzte", "m"),
    ("girl", "girls", "Mädchen", "Mädchen", "n"),
    ("friend", "friends", "Freund", "Freunde", "m"),
    ("engineer", "engineers", "Ingenieur", "Ingenieure", "m"),
    ("daughter", "daughters", "Tochter", "Töchter", "f"),
    ("baker", "bakers", "Bäcker", "Bäcker", "m"),
    ("nurse", "nurses", "Pflegerin", "Pflegerinnen", "f"),
    ("guest", "guests", "Gast", "Gäste", "m"),
]

THINGS = [
    ("book", "books", "Buch", "Bücher", "n"),
    ("letter", "letters", "Brief", "Briefe", "m"),
    ("apple", "apples", "Apfel", "Äpfel", "m"),
    ("house", "houses", "Haus", "Häuser", "n"),
    ("car", "cars", "Auto", "Autos", "n"),
    ("lamp", "lamps", "Lampe", "Lampen", "f"),
    ("table", "tables", "Tisch", "Tische", "m"),
    ("picture", "pictures", "Bild", "Bilder", "n"),
    ("bottle", "bottles", "Flasche", "Flaschen", "f"),
    ("key", "keys", "Schlüssel", "Schlüssel", "m"),
    ("ticket", "tickets", "Karte", "Karten", "f"),
    ("machine", "machines", "Maschine", "Maschinen", "f"),
    ("window", "windows", "Fenster", "Fenster", "n"),
    ("chair", "chairs", "Stuhl", "Stühle", "m"),
    ("newspaper", "newspapers", "Zeitung", "Zeitungen", "f"),
    ("bicycle", "bicycles", "Fahrrad", "Fahrräder", "n"),
]

# English and the stem of the German adjective.
OF_PEOPLE = [
    ("old", "alt"), ("small", "klein"), ("young", "jung"), ("quiet", "still"),
    ("friendly", "freundlich"), ("new", "neu"), ("tired", "müd"), ("famous", "berühmt"),
]
OF_THINGS = [
    ("old", "alt"), ("new", "neu"), ("small", "klein"), ("big", "groß"), ("red", "rot"),
    ("heavy", "schwer"), ("expensive", "teur"), ("cheap", "billig"), ("beautiful", "schön"),
]

# English base, third person, past; German infinitive, third singular, plural,
# past singular, past plural, separable prefix.
VERBS_THING = [
    ("see", "sees", "saw", "sehen", "sieht", "sehen", "sah", "sahen", ""),
    ("buy", "buys", "bought", "kaufen", "kauft", "kaufen", "kaufte", "kauften", ""),
    ("sell", "sells", "sold", "verkaufen", "verkauft", "verkaufen", "verkaufte", "verkauften", ""),
    ("find", "finds", "found", "finden", "findet", "finden", "fand", "fanden", ""),
    ("lose", "loses", "lost", "verlieren", "verliert", "verlieren", "verlor", "verloren", ""),
    ("bring", "brings", "brought", "bringen", "bringt", "bringen", "brachte", "brachten", ""),
    ("need", "needs", "needed", "brauchen", "braucht", "brauchen", "brauchte", "brauchten", ""),
    ("repair", "repairs", "repaired", "reparieren", "repariert", "reparieren", "reparierte", "reparierten", ""),
    ("prepare", "prepares", "prepared", "bereiten", "bereitet", "bereiten", "bereitete", "bereiteten", "vor"),
    ("offer", "offers", "offered", "bieten", "bietet", "bieten", "bot", "boten", "an"),
]

VERBS_PERSON = [
    ("meet", "meets", "met", "treffen", "trifft", "treffen", "traf", "trafen", ""),
    ("hear", "hears", "heard", "hören", "hört", "hören", "hörte", "hörten", ""),
    ("know", "knows", "knew", "kennen", "kennt", "kennen", "kannte", "kannten", ""),
    ("call", "calls", "called", "rufen", "ruft", "rufen", "rief", "riefen", "an"),
    ("invite", "invites", "invited", "laden", "lädt", "laden", "lud", "luden", "ein"),
    ("collect", "collects", "collected", "holen", "holt", "holen", "holte", "holten", "ab"),
]

# English; German singular, plural (no past: the past uses the plain verb).
MODALS = [
    ("can", "can", "kann", "können"),
    ("must", "must", "muss", "müssen"),
    ("wants to", "want to", "will", "wollen"),
]

# Verbs that take a clause: English third person, plural, past; German the same and plural past.
VERBS_CLAUSE = [
    ("says", "say", "said", "sagt", "sagen", "sagte", "sagten"),
    ("believes", "believe", "believed", "glaubt", "glauben", "glaubte", "glaubten"),
    ("writes", "write", "wrote", "schreibt", "schreiben", "schrieb", "schrieben"),
]

# English; German after a verb in the present; German after a verb in the past.
CONJUNCTIONS = [
    ("because", "weil", "weil"),
    ("although", "obwohl", "obwohl"),
    ("when", "wenn", "als"),
    ("while", "während", "während"),
]

PLACES = [
    ("in the garden", "im Garten"),
    ("in the kitchen", "in der Küche"),
    ("at the station", "am Bahnhof"),
    ("in the city", "in der Stadt"),
    ("at the market", "auf dem Markt"),
    ("at school", "in der Schule"),
    ("in the village", "im Dorf"),
    ("at work", "bei der Arbeit"),
]

MONTHS = [
    ("January", "Januar"), ("February", "Februar"), ("March", "März"), ("April", "April"),
    ("May", "Mai"), ("June", "Juni"), ("July", "Juli"), ("August", "August"),
    ("September", "September"), ("October", "Oktober"), ("November", "November"), ("December", "Dezember"),
]

ENGLISH_ONES = ["", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
                "eleven", "twelve"]
GERMAN_ONES = ["", "ein", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn",
               "elf", "zwölf"]
ENGLISH_TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
GERMAN_TENS = ["", "", "zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig"]

# Articles by case and gender; "p" is the plural.
DEFINITE = {"nom": {"m": "der", "f": "die", "n": "das", "p": "die"},
            "acc": {"m": "den", "f": "die", "n": "das", "p": "die"}}
INDEFINITE = {"nom": {"m": "ein", "f": "eine", "n": "ein"},
              "acc": {"m": "einen", "f": "eine", "n": "ein"}}
# Endings of the adjective after "der", after "ein", and with no article (plural after a number).
AFTER_DEFINITE = {"nom": {"m": "e", "f": "e", "n": "e", "p": "en"},
                  "acc": {"m": "en", "f": "e", "n": "e", "p": "en"}}
AFTER_INDEFINITE = {"nom": {"m": "er", "f": "e", "n": "es"},
                    "acc": {"m": "en", "f": "e", "n": "es"}}
