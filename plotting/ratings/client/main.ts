/** The page of a blind study: one feature at a time, answers by key or click, a strip of all features, the file to save. */
import { exampleLine } from "../../dashboards/client/mod.ts";
import {
  type AddressField,
  applyTheme,
  byId,
  choiceField,
  createStore,
  embedded,
  html,
  isDark,
  onSystemTheme,
  readAddress,
  saveFile,
  type ThemeChoice,
  writeAddress,
} from "../../page/client/mod.ts";
import type { RatingStudy, Verdict } from "../../../utils/results/mod.ts";
import {
  type Answer,
  answerOf,
  keepAnswers,
  ratingsFile,
  readAnswers,
  verdictOf,
} from "./state.ts";

/** Steps of shading; `SHADES` of `utils/results`. */
const SHADES = 8;

interface State {
  /** number of the feature, from 1 */
  at: number;
  theme: ThemeChoice;
}

function start(): void {
  const study = embedded<RatingStudy>("study"), { items } = study;
  const answers = readAnswers(study);
  const first = () => items.find(({ number }) => !answerOf(answers, number).verdict)?.number;
  const initial: State = { at: 1, theme: "auto" };
  const fields: AddressField<State>[] = [
    {
      name: "at",
      write: ({ at }) => at === 1 ? null : String(at),
      read: (text) =>
        items.some(({ number }) => text === String(number)) ? { at: Number(text) } : null,
    },
    choiceField<State, "theme">("theme", ["auto", "light", "dark"], "auto"),
  ];
  const store = createStore<State>({
    ...initial,
    at: first() ?? 1,
    ...readAddress(fields, location.hash),
  });
  const item = byId("item"), note = byId<HTMLInputElement>("note");
  const rater = byId<HTMLInputElement>("rater");
  const data = { vocabulary: study.vocabulary, dashboards: { rows: study.rows } };
  const verdicts = [...document.querySelectorAll<HTMLButtonElement>("button[data-verdict]")];
  const strip = items.map(({ number }) => {
    const button = html("button", { type: "button", title: `Feature ${number}` }, String(number));
    button.addEventListener("click", () => store.set({ at: number }));
    return button;
  });
  byId("strip").append(...strip);
  rater.value = answers.rater;

  function showItem(): void {
    const { lists } = items[store.state.at - 1];
    item.replaceChildren(...lists.flatMap((list, i) => [
      html("h3", {}, i === 0 ? "Top examples" : `Firings ${bandName(i, lists.length - 1)}`),
      ...list.map((example) => exampleLine(data, example, SHADES)),
    ]));
    note.value = answerOf(answers, store.state.at).note;
    byId("number").textContent = `Feature ${store.state.at}`;
  }

  function showAnswers(): void {
    const own = answerOf(answers, store.state.at);
    for (const button of verdicts) {
      button.setAttribute("aria-pressed", String(button.dataset.verdict === own.verdict));
    }
    byId("context-free").setAttribute("aria-pressed", String(own.contextFree));
    strip.forEach((button, i) => {
      const { verdict, contextFree } = answerOf(answers, items[i].number);
      if (verdict) button.dataset.verdict = verdict;
      else delete button.dataset.verdict;
      button.classList.toggle("free", contextFree);
      button.setAttribute("aria-current", String(items[i].number === store.state.at));
    });
    const rated = items.filter(({ number }) => answerOf(answers, number).verdict).length;
    byId("count").textContent = `${rated} of ${items.length} rated`;
  }

  function keep(): void {
    const kept = keepAnswers(study, answers);
    byId("kept").textContent = kept
      ? ""
      : "This browser keeps nothing between visits: save the ratings before you close the page.";
  }

  function answer(change: Partial<Answer>): void {
    const { at } = store.state;
    answers.byNumber.set(at, { ...answerOf(answers, at), ...change });
    keep();
    showAnswers();
  }

  const move = (by: number) =>
    store.set({ at: Math.min(items.length, Math.max(1, store.state.at + by)) });

  function decide(verdict: Verdict): void {
    answer({ verdict });
    move(1);
  }

  function save(): void {
    const file = ratingsFile(study, answers);
    const name = file.rater.replace(/[^\p{L}\p{N}]+/gu, "_");
    saveFile(
      `ratings_${study.study}_${name}.json`,
      [JSON.stringify(file, null, 2) + "\n"],
      "application/json",
    );
  }

  for (const button of verdicts) {
    button.addEventListener("click", () => decide(verdictOf(button.dataset.verdict)!));
  }
  const toggleFree = () => answer({ contextFree: !answerOf(answers, store.state.at).contextFree });
  byId("context-free").addEventListener("click", toggleFree);
  byId("previous").addEventListener("click", () => move(-1));
  byId("next").addEventListener("click", () => move(1));
  byId("save").addEventListener("click", save);
  byId("clear").addEventListener("click", () => {
    if (!confirm("Discard all ratings of this study?")) return;
    answers.byNumber.clear();
    keep();
    store.set({ at: 1 });
    showItem();
    showAnswers();
  });
  byId("theme").addEventListener("click", () => {
    store.set({ theme: isDark(store.state.theme) ? "light" : "dark" });
  });
  note.addEventListener("input", () => answer({ note: note.value }));
  rater.addEventListener("input", () => {
    answers.rater = rater.value;
    keep();
  });
  item.addEventListener("click", ({ target }) => {
    (target as Element).closest(".example")?.classList.toggle("open");
  });
  addEventListener("keydown", (event) => {
    const { target, key, ctrlKey, metaKey, altKey } = event;
    if (ctrlKey || metaKey || altKey) return;
    if ((target as Element).closest?.("input")) {
      if (key === "Enter" || key === "Escape") (target as HTMLElement).blur();
      return;
    }
    const verdict = /^[123]$/.test(key) ? verdictOf(key) : undefined;
    if (verdict) decide(verdict);
    else if (key === "4") toggleFree();
    else if (key === "j" || key === "ArrowRight") move(1);
    else if (key === "k" || key === "ArrowLeft") move(-1);
    else if (key === "u") store.set({ at: first() ?? store.state.at });
    else if (key === "n") note.focus();
    else if (key === "s") save();
    else return;
    event.preventDefault();
  });
  addEventListener(
    "hashchange",
    () => store.set({ ...initial, ...readAddress(fields, location.hash) }),
  );

  function showTheme(): void {
    applyTheme(store.state.theme);
    byId("theme").textContent = isDark(store.state.theme) ? "Light" : "Dark";
  }

  onSystemTheme(showTheme);
  store.subscribe((changed) => {
    if (changed.has("theme")) showTheme();
    if (changed.has("at")) {
      showItem();
      showAnswers();
    }
    history.replaceState(null, "", writeAddress(fields, store.state));
  });
  showTheme();
  showItem();
  showAnswers();
  document.body.classList.add("ready");
}

/** Returns the name of a band of the firings. @param band from 1, the strongest @param bands how many */
function bandName(band: number, bands: number): string {
  const percent = (share: number) => `${Math.round(100 * share)} %`;
  return `from ${percent(1 - band / bands)} to ${percent(1 - (band - 1) / bands)}`;
}

start();
