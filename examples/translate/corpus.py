"""A parallel corpus written by a grammar: each sentence is built once as a structure and
spelled out in English and in German, so that the pair is right by construction.

The German side needs what makes translation hard for a small model: gender and case, the verb in
second place, verb-final subordinate clauses, separable verbs, "kein" against "nicht", numbers in
words whose digits swap ("forty-seven" -> "siebenundvierzig"), dates and thousands separators.
"""

import random
import re

import lexicon as lex


class Noun:
    """A noun phrase, with the gender that German needs ("p" in the plural)."""

    def __init__(self, english, nominative, accusative, gender, plural, negative=None, relative=None):
        self.english, self.nominative, self.accusative = english, nominative, accusative
        self.gender, self.plural = gender, plural
        self.negative = negative  # the accusative with "kein", for an indefinite object
        self.relative = relative


def spell_number(value):
    """A number from 2 to 99 in words, English and German."""
    if value <= 12:
        return lex.ENGLISH_ONES[value], lex.GERMAN_ONES[value]
    if value < 20:
        # English and German irregulars, written out because no rule gives all of them.
        english = {13: "thirteen", 15: "fifteen", 18: "eighteen"}.get(value, lex.ENGLISH_ONES[value - 10] + "teen")
        german = {16: "sechzehn", 17: "siebzehn"}.get(value, lex.GERMAN_ONES[value - 10] + "zehn")
        return english, german
    tens, ones = divmod(value, 10)
    if ones == 0:
        return lex.ENGLISH_TENS[tens], lex.GERMAN_TENS[tens]
    return (lex.ENGLISH_TENS[tens] + "-" + lex.ENGLISH_ONES[ones],
            lex.GERMAN_ONES[ones] + "und" + lex.GERMAN_TENS[tens])


class Grammar:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.seen = set()  # the kinds of difficulty in the sentence being built

    def chance(self, probability):
        return self.random.random() < probability

    def pronoun(self):
        english, german, plural = self.random.choice(
            [("he", "er", False), ("she", "sie", False), ("we", "wir", True), ("they", "sie", True)])
        return Noun(english, german, None, "p" if plural else "m", plural)

    def counted(self, words, adjective):
        """"forty-seven old books" or "1,250 books"."""
        _, english_plural, _, german_plural, _ = words
        self.seen.add("number")
        if self.chance(0.3):
            value = self.random.choice([self.random.randint(13, 999), self.random.randint(1000, 9999)])
            english_number = "{:,}".format(value)
            german_number = english_number.replace(",", ".")
        else:
            english_number, german_number = spell_number(self.random.randint(2, 99))
        english, german = [english_number], [german_number]
        if adjective:
            english.append(adjective[0])
            german.append(adjective[1] + "e")
        english.append(english_plural)
        german.append(german_plural)
        text = " ".join(german)
        return Noun(" ".join(english), text, text, "p", True)

    def noun(self, words, article=None):
        """A noun phrase with an article or a number, perhaps with an adjective."""
        english_one, english_many, german_one, german_many, gender = words
        adjectives = lex.OF_PEOPLE if words in lex.PEOPLE else lex.OF_THINGS
        adjective = self.random.choice(adjectives) if self.chance(0.35) else None
        if article is None and self.chance(0.22):
            return self.counted(words, adjective)
        article = article or ("a" if self.chance(0.35) else "the")
        plural = article == "the" and self.chance(0.3)
        form = "p" if plural else gender
        between = adjective[0] + " " if adjective else ""
        english = "%s %s%s" % (article, between, english_many if plural else english_one)
        if article == "a" and re.match("[aeiou]", english.split()[1]):
            english = "an" + english[1:]
        articles = lex.DEFINITE if article == "the" else lex.INDEFINITE
        endings = lex.AFTER_DEFINITE if article == "the" else lex.AFTER_INDEFINITE

        def german(case, prefix=""):
            parts = [prefix + articles[case][form]]
            if adjective:
                parts.append(adjective[1] + endings[case][form])
            parts.append(german_many if plural else german_one)
            return " ".join(parts)

        return Noun(english, german("nom"), german("acc"), form, plural,
                    german("acc", "k") if article == "a" else None)

    def subject(self):
        if self.chance(0.25):
            return self.pronoun()
        return self.noun(self.random.choice(lex.PEOPLE))

    def date(self):
        self.seen.add("date")
        english_month, german_month = self.random.choice(lex.MONTHS)
        day = self.random.randint(1, 28)
        english, german = "on %s %d" % (english_month, day), "am %d. %s" % (day, german_month)
        if self.chance(0.4):
            year = self.random.randint(1900, 2029)
            english, german = "%s, %d" % (english, year), "%s %d" % (german, year)
        return english, german

    def clause(self, past, relative=0.0):
        """One clause as its parts; `spell` puts them in order for main, inverted or final verb."""
        subject = self.subject()
        if not subject.english.split()[0] in ("he", "she", "we", "they") and self.chance(relative):
            subject.relative = self.clause(past)
            subject.relative["subject"] = Noun("who", lex.DEFINITE["nom"][subject.gender], None,
                                               subject.gender, subject.plural)
            self.seen.add("relative")
        person = self.chance(0.35)
        verb = self.random.choice(lex.VERBS_PERSON if person else lex.VERBS_THING)
        words = self.random.choice(lex.PEOPLE if person else lex.THINGS)
        negated = self.chance(0.25)
        # "not" before a number means something else in both languages, so a negated object has an article.
        article = ("a" if self.chance(0.5) else "the") if negated else None
        if negated:
            self.seen.add("negation")
        return {
            "subject": subject, "verb": verb, "object": self.noun(words, article), "past": past,
            "negated": negated,
            "modal": self.random.choice(lex.MODALS) if not past and self.chance(0.25) else None,
            "place": self.random.choice(lex.PLACES) if self.chance(0.35) else None,
        }

    def sentence(self):
        """A pair (English, German, attributes)."""
        self.seen = set()
        past = self.chance(0.5)
        shape = self.random.random()
        main = self.clause(past, relative=0.12)
        date = self.date() if self.chance(0.25) else None
        if shape < 0.45:
            english, german = spell_main(main, date, front=self.chance(0.5))
        elif shape < 0.62:  # "because" and the like, after or before the main clause
            self.seen.add("subordinate")
            word, present, before = self.random.choice(lex.CONJUNCTIONS)
            conjunction = before if past else present
            side = self.clause(past)
            if self.chance(0.5):
                english, german = spell_main(main, date, front=False)
                english += " %s %s" % (word, english_clause(side))
                german += ", %s %s" % (conjunction, german_final(side))
            else:
                english = join("%s %s, %s" % (word, english_clause(side), english_clause(main)), date and date[0])
                german = "%s %s, %s" % (conjunction, german_final(side), german_verb_first(main, date))
        elif shape < 0.80:  # "says that"
            self.seen.add("subordinate")
            speaker, verb = self.subject(), self.random.choice(lex.VERBS_CLAUSE)
            english_verb = verb[2] if past else verb[1] if speaker.plural else verb[0]
            german_verb = verb[(6 if speaker.plural else 5) if past else (4 if speaker.plural else 3)]
            english = "%s %s that %s" % (speaker.english, english_verb, english_clause(main))
            german = "%s %s, dass %s" % (speaker.nominative, german_verb, german_final(main, date))
            english += " " + date[0] if date else ""
        else:  # two or three main clauses
            english, german = spell_main(main, date, front=False)
            for word, translation in self.random.sample([("and", "und"), ("but", "aber")], self.random.choice([1, 1, 2])):
                more = self.clause(past)
                english += ", %s %s" % (word, english_clause(more))
                german += ", %s %s" % (translation, german_main(more))
        english, german = english[0].upper() + english[1:] + ".", german[0].upper() + german[1:] + "."
        words = len(english.split())
        attributes = {"number": "number" in self.seen, "date": "date" in self.seen,
                      "negation": "negation" in self.seen, "subordinate": "subordinate" in self.seen,
                      "relative": "relative" in self.seen,
                      "length": "short" if words <= 8 else "medium" if words <= 15 else "long"}
        return english, german, attributes


def english_clause(clause):
    subject, verb = clause["subject"], clause["verb"]
    text = subject.english
    if subject.relative:
        text += ", %s," % english_clause(subject.relative)
    plain = verb[1] if not subject.plural else verb[0]
    if clause["modal"]:
        modal = clause["modal"][1 if subject.plural else 0]
        if clause["negated"]:
            # "wants to" negates with "do", the other modals by themselves.
            modal = ("do not want to" if subject.plural else "does not want to") if "want" in modal else modal + " not"
        text += " %s %s" % (modal, verb[0])
    elif clause["negated"]:
        text += " %s not %s" % ("did" if clause["past"] else "do" if subject.plural else "does", verb[0])
    else:
        text += " " + (verb[2] if clause["past"] else plain)
    text += " " + clause["object"].english
    return text + (" " + clause["place"][0] if clause["place"] else "")


def german_subject(clause):
    subject = clause["subject"]
    if subject.relative:
        return "%s, %s," % (subject.nominative, german_final(subject.relative))
    return subject.nominative


def german_parts(clause, date=None):
    """Finite verb, the middle field, and what closes the clause (prefix or infinitive)."""
    subject, verb, modal = clause["subject"], clause["verb"], clause["modal"]
    middle = [date[1]] if date else []
    if clause["negated"] and clause["object"].negative:
        middle.append(clause["object"].negative)
    else:
        middle.append(clause["object"].accusative)
        if clause["negated"]:
            middle.append("nicht")
    if clause["place"]:
        middle.append(clause["place"][1])
    if modal:
        return modal[3 if subject.plural else 2], " ".join(middle), verb[8] + verb[3]
    finite = verb[(7 if subject.plural else 6) if clause["past"] else (5 if subject.plural else 4)]
    return finite, " ".join(middle), verb[8]


def join(*parts):
    return " ".join(part for part in parts if part)


def german_main(clause, date=None):
    finite, middle, end = german_parts(clause, date)
    return join(german_subject(clause), finite, middle, end)


def german_verb_first(clause, date=None):
    finite, middle, end = german_parts(clause, date)
    return join(finite, german_subject(clause), middle, end)


def german_final(clause, date=None):
    finite, middle, end = german_parts(clause, date)
    if clause["modal"]:
        return join(german_subject(clause), middle, end, finite)
    return join(german_subject(clause), middle, end + finite)


def spell_main(clause, date, front):
    """A main clause, its date in front (German then puts the verb before the subject) or behind."""
    if not date:
        return english_clause(clause), german_main(clause)
    if front:
        return ("%s, %s" % (date[0], english_clause(clause)),
                "%s %s" % (date[1], german_verb_first(clause)))
    return "%s %s" % (english_clause(clause), date[0]), german_main(clause, date)


GERMAN_NUMBER = re.compile("^(ein|zwei|drei|vier|fünf|sechs|sieben|acht|neun)(und)(%s)$"
                           % "|".join(word for word in lex.GERMAN_TENS if word))


def tokenize(text):
    """Words, single digits and punctuation; "##" marks a piece that continues the one before it."""
    pieces = []
    for chunk in text.split():
        number = GERMAN_NUMBER.match(chunk.lower())
        parts = re.findall(r"[^\W\d]+|\d|[^\w\s]", chunk)
        if number:
            # The capital of a sentence that starts with a number stays on its first piece.
            first = number.group(1).capitalize() if chunk[0].isupper() else number.group(1)
            parts = [first, number.group(2), number.group(3)]
        pieces.append(parts[0])
        pieces.extend("##" + part for part in parts[1:])
    return pieces


def detokenize(pieces):
    return " ".join(pieces).replace(" ##", "")


PAD, START, END, UNKNOWN = 0, 1, 2, 3
# Rare longer sentences would only lengthen the padding of their whole batch.
LONGEST = 34


class Vocabulary:
    """One vocabulary for both languages, fixed for all runs so that their losses compare."""

    def __init__(self, sample=12000):
        grammar = Grammar(seed="vocabulary")
        found = set()
        for _ in range(sample):
            english, german, _ = grammar.sentence()
            found.update(tokenize(english))
            found.update(tokenize(german))
        self.pieces = ["<pad>", "<s>", "</s>", "<unk>"] + sorted(found)
        self.ids = {piece: index for index, piece in enumerate(self.pieces)}

    def __len__(self):
        return len(self.pieces)

    def encode(self, text):
        return [self.ids.get(piece, UNKNOWN) for piece in tokenize(text)] + [END]

    def decode(self, ids):
        return detokenize([self.pieces[index] for index in ids if index > END])


def build_corpus(train_size, eval_size, seed=0):
    """Two disjoint lists of (English, German, attributes)."""
    grammar = Grammar(seed)
    known, pairs = set(), []
    # The held-out sentences come first: they stay the same whatever the size of the training set.
    while len(pairs) < eval_size + train_size:
        pair = grammar.sentence()
        if pair[0] not in known and len(tokenize(pair[1])) <= LONGEST:
            known.add(pair[0])
            pairs.append(pair)
    # Short sentences first, so that an evaluation batch holds little padding.
    return pairs[eval_size:], sorted(pairs[:eval_size], key=lambda pair: len(tokenize(pair[1])))


if __name__ == "__main__":
    for english_text, german_text, _ in build_corpus(20, 0)[0]:
        print(english_text, "\n   ", german_text)
