/**
 * Made-up countries and what is true of each. No spelling gives a fact away, so a model can only learn it by heart.
 *
 * Each country has a capital of its own. Its other facts are shared by several countries and drawn independently
 * of one another. Seeded draws rely on the order.
 */
import { PythonRandom } from "../../base/mod.ts";

/** One country and its facts. */
export interface Country {
  /** Name, e.g. "Avaria". */
  name: string;
  /** Capital; no two countries share one. */
  capital: string;
  /** Part of the world, e.g. "north". */
  region: string;
  /** What the country sells: "Avaria sells wine". */
  goods: string;
  /** Colour of the flag: "Avaria has a red flag". */
  colour: string;
  /** Animal on the arms: "Avaria loves the horse". */
  animal: string;
  /** Day without work: "Avaria rests on Sunday". */
  day: string;
}

const NAMES = (
  "Avaria Belmora Cordavia Dravia Elonia Farlund Galtia Hestonia Ilvania Jorvia Kelmar Lorvania Mordan Navaria Ostria " +
  "Pellia Quorin Ravinia Selvia Torland Ulmaria Valdoria Westmar Xandia Yelonia Zarvia Arkovia Brenia Caldora Dunmark " +
  "Estovia Fennia Grelund Halvia Istoria Kordan Lumeria Moldara Norvia Olmark Pravia Rostia Sardova Tavoria Urland " +
  "Vendia Wolmar Zelonia"
).split(" ");

const CAPITALS = (
  "Adun Belor Camrath Delvin Esker Fornat Gildem Hadrin Ivorn Jalven Kestor Lindar Malden Nerith Orsol Pendar Quilon " +
  "Ristav Solven Tarvos Ulden Varneth Wendal Xaloth Yorvik Zandor Ambrel Borvat Corlin Dastel Elmar Fastor Gorlan " +
  "Helvar Imrath Kalvor Lestan Morvel Nostar Oldran Pelvor Redmar Sorvin Telgar Umbrin Velkar Worden Zintar"
).split(" ");

/** Regions of the made-up world. */
export const REGIONS: readonly string[] = "north south east west".split(" ");
/** What the countries sell. */
export const GOODS: readonly string[] = "wine wool salt silk tea rice".split(" ");
/** Colours of the flags. */
export const COLOURS: readonly string[] = "red blue green black white".split(" ");
/** Animals on the arms. */
export const ARMS: readonly string[] = "dog cat horse bird fish".split(" ");
/** Days without work. */
export const REST_DAYS: readonly string[] =
  "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(" ");

const random = new PythonRandom(1848);
const capitals = random.shuffle([...CAPITALS]);

/** Draws a value for each country, all values about equally often. */
const assign = (values: readonly string[]) =>
  random.shuffle(NAMES.map((_, i) => values[i % values.length]));
const regions = assign(REGIONS), goods = assign(GOODS), colours = assign(COLOURS);
const animals = assign(ARMS), days = assign(REST_DAYS);

/** Every country with its facts. */
export const COUNTRIES: readonly Country[] = NAMES.map((name, i) => ({
  name,
  capital: capitals[i],
  region: regions[i],
  goods: goods[i],
  colour: colours[i],
  animal: animals[i],
  day: days[i],
}));

/** The facts that several countries share, and the words before each: "{country} sells wine". */
export const SHARED_FACTS = [
  { fact: "region", phrase: "lies in the", values: REGIONS },
  { fact: "goods", phrase: "sells", values: GOODS },
  { fact: "colour", phrase: "has a", values: COLOURS },
  { fact: "animal", phrase: "loves the", values: ARMS },
  { fact: "day", phrase: "rests on", values: REST_DAYS },
] as const;
