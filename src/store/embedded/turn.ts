/** The event loop gets a turn after this much work at a stretch. */
const stretchMs = 10;

/** Keeps long work from holding up everything else: `share` lets others run when enough time has passed. */
export class Turn {
  private began = performance.now();

  async share(): Promise<void> {
    if (performance.now() - this.began < stretchMs) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.began = performance.now();
  }
}
