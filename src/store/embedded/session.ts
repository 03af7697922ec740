import type { Catalog } from "./catalog.ts";
import { loadCatalog } from "./catalog.ts";
import type { Engine } from "./engine.ts";
import { Overviews } from "./overviews.ts";
import { closeWriters, flushWriters, openWriters } from "./table-writers.ts";
import type { TableWriters } from "./table-writers.ts";

/** An open engine with the index of what is in it. After a failure the whole session is replaced. */
export class Session {
  readonly engine: Engine;
  readonly catalog: Catalog;
  readonly writers: TableWriters;
  /** What charts keep in memory of this catalog's series. */
  readonly overviews = new Overviews();
  closed = false;

  private constructor(engine: Engine, catalog: Catalog, writers: TableWriters) {
    this.engine = engine;
    this.catalog = catalog;
    this.writers = writers;
  }

  /** `catalog` is given when it is known to be that of the file. */
  static async start(engine: Engine, catalog?: Catalog): Promise<Session> {
    try {
      return new Session(engine, catalog ?? (await loadCatalog(engine)), await openWriters(engine.writer.raw));
    } catch (error) {
      await engine.close();
      throw error;
    }
  }

  async begin(): Promise<void> {
    await this.engine.writer.execute("BEGIN");
  }

  /** Resolves when everything staged since `begin` is on disk. */
  async commit(): Promise<void> {
    flushWriters(this.writers);
    await this.engine.writer.execute("COMMIT");
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    closeWriters(this.writers);
    await this.engine.close();
  }
}
