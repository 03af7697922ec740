/** Words by which attributes are told, in English, German, French, Spanish, Italian, Portuguese and Dutch. */
const listOf = (words: string): ReadonlySet<string> => new Set(words.split(/\s+/u));

export const negationWords = listOf(
  `not no never nobody nothing nowhere none neither nor cannot without
  nicht kein keine keinen keinem keiner keines nie niemals niemand nichts nirgends ohne
  pas jamais rien personne aucun aucune ni sans
  nunca nadie nada ninguno ninguna jam\u00e1s tampoco sin
  non mai nessuno nessuna niente nulla n\u00e9 senza
  n\u00e3o ningu\u00e9m nenhum nenhuma sem
  niet geen nooit niemand niets nergens zonder`,
);

export const contrastWords = listOf(
  `but however although though yet despite whereas nevertheless nonetheless unless instead
  aber jedoch obwohl sondern trotzdem dennoch trotz allerdings
  mais cependant pourtant malgr\u00e9 toutefois quoique
  pero aunque sino excepto
  per\u00f2 tuttavia sebbene nonostante
  por\u00e9m embora contudo apesar
  maar echter hoewel toch ondanks`,
);

/** The commonest words of each language, none of which two share where that could be avoided. */
export const commonWords: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  [
    "English",
    listOf(
      "the of and to is that it for was on are with as his they at be this have from or had by but what were we when your can said there which their will would",
    ),
  ],
  [
    "German",
    listOf(
      "der die und das ist nicht zu den mit von sich auf f\u00fcr ein eine dem des er sie es wir ich auch wie bei oder aus nach wird war sind haben werden im zum zur",
    ),
  ],
  [
    "French",
    listOf(
      "le les des et est une dans que qui pour pas sur plus avec ce sont au il elle nous vous ils ne du cette mais ou son ses aux \u00eatre",
    ),
  ],
  [
    "Spanish",
    listOf(
      "el los las y es que una por con para del se su al lo como pero sus fue son muy sobre este esta ha hay ser tiene",
    ),
  ],
  [
    "Italian",
    listOf(
      "il di che \u00e8 per una sono del della con non gli si nel alla dei le anche pi\u00f9 ha questo questa dal delle come ma lo",
    ),
  ],
  [
    "Portuguese",
    listOf(
      "o os um uma do da dos das em n\u00e3o com para por mais que \u00e9 se no na foi ao ele ela seu sua s\u00e3o como mas",
    ),
  ],
  [
    "Dutch",
    listOf(
      "de het een van en is dat op te zijn voor met niet aan er om ook als maar bij door naar uit wordt werd hij zij ze dit heeft",
    ),
  ],
]);

/** What a model says that will not answer. Compared with small letters. */
export const refusals: readonly string[] = [
  "i'm sorry, but",
  "i am sorry, but",
  "i cannot help",
  "i can't help",
  "i cannot assist",
  "i can't assist",
  "i'm unable to",
  "i am unable to",
  "i cannot provide",
  "i can't provide",
  "as an ai",
  "as a language model",
  "i'm not able to",
  "i do not have access",
  "i don't have access",
  "es tut mir leid, aber",
  "als ki",
  "je suis d\u00e9sol\u00e9, mais",
  "en tant qu'ia",
  "lo siento, pero",
  "como modelo de lenguaje",
];

/** How a model begins that talks about its answer instead of giving it. */
export const chatOpenings: readonly string[] = [
  "sure,",
  "sure!",
  "sure.",
  "certainly",
  "of course",
  "here is",
  "here's",
  "here are",
  "the translation",
  "translation:",
  "the summary",
  "summary:",
  "the answer is",
  "answer:",
  "great question",
  "let me",
  "okay,",
  "ok,",
  "hier ist",
  "voici",
  "aqu\u00ed est\u00e1",
];
