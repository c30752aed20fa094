/** A page that shows its labels and adds one, named after the address. */
import { byId, openLabels } from "../page/client/mod.ts";

const store = await openLabels("test");
const show = () => {
  byId("shown").textContent = `${store.place}: ${JSON.stringify(store.value.labels)}`;
};
const name = location.hash.slice(1) || "page";
byId("add").addEventListener("click", async () => {
  await store.update(({ labels, groups }) => ({ labels: { ...labels, [name]: "1" }, groups }));
  show();
});
show();
