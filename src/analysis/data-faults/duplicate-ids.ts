import { counted, defineDataCheck, shown } from "../data-check.ts";
import type { Example } from "../../model/example.ts";

export const duplicateIds = defineDataCheck({
  id: "duplicate-ids",
  look(examples) {
    const first = new Map<string, Example>();
    const again: Example[] = [];
    for (const example of examples) {
      const earlier = first.get(example.id);
      if (earlier === undefined) first.set(example.id, example);
      // Several epochs or samples of one problem are told by their group.
      else if (example.group !== example.id) again.push(example);
    }
    if (again.length === 0) return null;
    const same = again.filter(
      (example) => JSON.stringify(first.get(example.id)?.prediction) === JSON.stringify(example.prediction),
    );
    return {
      severity: "error",
      title: `${counted(again.length, "id")} used again`,
      message:
        `An id stands for one example, and here ${counted(again.length, "row")} repeat one that came before` +
        (same.length === again.length
          ? ", with the same prediction. These examples count more than once."
          : same.length === 0
            ? ", with another prediction. Which one is the model's answer cannot be told; all of them count."
            : `; ${counted(again.length - same.length, "time")} with another prediction. All of them count.`),
      count: again.length,
      examples: shown(
        again,
        (example) => `id ${example.id} stands on line ${first.get(example.id)?.line ?? 0} already`,
      ),
      advice:
        "Look whether two runs were written into one file. If these are several samples of one problem, give them a field `group`, so that intervals account for it.",
    };
  },
});
