import { AppError } from "../../base/errors.ts";
import type { Session } from "./session.ts";
import { Turn } from "./turn.ts";

/** A change of the store. `stage` runs inside the open transaction, one change after the other. */
export interface Change<T> {
  /** What the change holds in memory while it waits. */
  readonly bytes: number;
  /** Reads what `stage` needs; runs before the transaction, with no other change under way. */
  prepare?(session: Session): Promise<void>;
  /** An `AppError` refuses this change alone, and must be thrown before anything is staged. */
  stage(session: Session): T | Promise<T>;
}

interface Waiting {
  readonly bytes: number;
  prepare(session: Session): Promise<void>;
  /** Returns what to do once the transaction is durable. */
  stage(session: Session): Promise<() => void>;
  reject(error: unknown): void;
}

/** A transaction takes changes up to this size, so that a commit stays short and memory bounded. */
const groupBytes = 4 * 1024 * 1024;

export interface Host {
  session(): Promise<Session>;
  /** Throws `disk-full` when a group of this size should not be started. */
  checkSpace(bytes: number): void;
  /** Mends the store after a failed transaction and says what the callers are told. */
  recover(session: Session, error: unknown): Promise<AppError>;
}

/**
 * Group commit: a change that finds the queue idle is committed at once; those that come while a
 * commit runs go into the next one together. Nothing is acknowledged before its commit.
 */
export class CommitQueue {
  /** How many transactions there have been. */
  commits = 0;
  private readonly host: Host;
  private readonly queue: Waiting[] = [];
  private loop: Promise<void> | undefined;
  private group: Promise<void> = Promise.resolve();
  private exclusive: Promise<unknown> | undefined;

  constructor(host: Host) {
    this.host = host;
  }

  /** Resolves once the change is durable: who awaits what it submits is held back by how fast that goes. */
  async submit<T>(change: Change<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.queue.push({
        bytes: change.bytes,
        prepare: async (session) => change.prepare?.(session),
        stage: async (session) => {
          const result = await change.stage(session);
          return () => resolve(result);
        },
        reject,
      });
      this.loop ??= this.run();
    });
  }

  /** Runs `work` while no transaction is open; changes wait. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    while (this.exclusive !== undefined) await this.exclusive.catch(() => {});
    const done = this.group.then(work);
    this.exclusive = done;
    try {
      return await done;
    } finally {
      this.exclusive = undefined;
    }
  }

  /** Resolves when the transaction that is under way, if any, has ended. */
  async settled(): Promise<void> {
    await this.group;
  }

  /** Resolves when everything submitted so far has been answered. */
  async drained(): Promise<void> {
    while (this.loop !== undefined) await this.loop;
  }

  private async run(): Promise<void> {
    // Changes submitted in the same turn share the first commit.
    await Promise.resolve();
    while (this.queue.length > 0) {
      while (this.exclusive !== undefined) await this.exclusive.catch(() => {});
      const { changes, bytes } = this.take();
      this.group = this.commit(changes, bytes);
      await this.group;
    }
    this.loop = undefined;
  }

  private take(): { changes: readonly Waiting[]; bytes: number } {
    let bytes = 0;
    let count = 0;
    for (const change of this.queue) {
      if (count > 0 && bytes + change.bytes > groupBytes) break;
      bytes += change.bytes;
      count += 1;
    }
    return { changes: this.queue.splice(0, count), bytes };
  }

  /** Answers every one of `changes`; never rejects. */
  private async commit(changes: readonly Waiting[], bytes: number): Promise<void> {
    this.commits += 1;
    let session: Session;
    try {
      this.host.checkSpace(bytes);
      session = await this.host.session();
    } catch (error) {
      for (const change of changes) change.reject(error);
      return;
    }
    const answers: (() => void)[] = [];
    try {
      for (const change of changes) await change.prepare(session);
      await session.begin();
      const turn = new Turn();
      for (const change of changes) {
        try {
          answers.push(await change.stage(session));
        } catch (error) {
          if (!(error instanceof AppError)) throw error;
          answers.push(() => change.reject(error));
        }
        await turn.share();
      }
      await session.commit();
    } catch (error) {
      const told = await this.host.recover(session, error);
      for (const change of changes) change.reject(told);
      return;
    }
    for (const answer of answers) answer();
  }
}
