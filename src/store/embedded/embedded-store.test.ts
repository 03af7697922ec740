import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { storeContract } from "../store.contract.ts";
import { openEmbeddedStore } from "./embedded-store.ts";

storeContract({
  place: async () => {
    const directory = mkdtempSync(join(tmpdir(), "llmdbg-store-"));
    return {
      open: () => openEmbeddedStore(directory),
      remove: async () => rmSync(directory, { recursive: true, force: true }),
    };
  },
});
