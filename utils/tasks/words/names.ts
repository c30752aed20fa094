/** First names in the IOI prompts. Seeded draws rely on the order. */
export const IOI_NAMES: readonly string[] = (
  "Aaron Adam Alan Alex Alice Amy Anderson Andre Andrew Andy Anna Anthony Arthur Austin " +
  "Blake Brandon Brian Carter Charles Charlie Christian Christopher Clark Cole Collins " +
  "Connor Crew Crystal Daniel David Dean Edward Elizabeth Emily Eric Eva Ford Frank George " +
  "Georgia Graham Grant Henry Ian Jack Jacob Jake James Jamie Jane Jason Jay Jennifer " +
  "Jeremy Jessica John Jonathan Jordan Joseph Joshua Justin Kate Kelly Kevin Kyle Laura " +
  "Leon Lewis Lisa Louis Luke Madison Marco Marcus Maria Mark Martin Mary Matthew Max " +
  "Michael Michelle Morgan Patrick Paul Peter Prince Rachel Richard River Robert Roman Rose " +
  "Ruby Russell Ryan Sarah Scott Sean Simon Stephen Steven Sullivan Taylor Thomas Tyler " +
  "Victoria Warren William"
).split(" ");

/** Places in the IOI prompts. Seeded draws rely on the order. */
export const IOI_PLACES: readonly string[] =
  "store garden restaurant school hospital office house station".split(" ");

/** Objects in the IOI prompts. Seeded draws rely on the order. */
export const IOI_OBJECTS: readonly string[] =
  "ring kiss bone basketball computer necklace drink snack".split(" ");

/** Names in the gender-pronoun prompts that continue with " she". */
export const FEMALE_NAMES: readonly string[] =
  "Judy Julie Amy Lisa Sarah Anna Mary Karen Susan Carol".split(" ");

/** Names in the gender-pronoun prompts that continue with " he". */
export const MALE_NAMES: readonly string[] = "Jack Mark John Joe Sean Paul Ryan David Gary Carl"
  .split(" ");

/** Sentence frames of the gender-pronoun prompts; `[NAME]` is replaced by the name. */
export const GENDER_FRAMES: readonly string[] = [
  "So [NAME] is such a good cook, isn't",
  "So [NAME] is a very good athlete, isn't",
  "So [NAME] is a really great friend, isn't",
  "So [NAME] is such a funny person, isn't",
  "So [NAME] is a really nice person, isn't",
];
