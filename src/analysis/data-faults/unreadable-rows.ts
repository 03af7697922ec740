import { counted, defineDataCheck, shareText } from "../data-check.ts";

export const unreadableRows = defineDataCheck({
  id: "unreadable-rows",
  look(examples, { read }) {
    const count = read?.rejected.count ?? 0;
    if (read === null || count === 0) return null;
    return {
      severity: count >= (examples.length + count) * 0.01 ? "error" : "warning",
      title: `${counted(count, "row")} could not be read`,
      message: `${shareText(count, examples.length + count)} of the rows are left out of everything below. If they are left out because the model failed on them, every metric is higher than it deserves.`,
      count,
      examples: read.rejected.examples.map(({ line, reason }) => ({ id: "", line, note: reason })),
      advice: "Correct these lines, or the program that writes them.",
    };
  },
});
