import type { Level, RecordRole } from "../../model/record.ts";

/** Hints that runtimes print beside an error. They name what might be, so they never are the cause. */
const advice: readonly RegExp[] = [
  /CUDA kernel errors might be asynchronously reported/,
  /consider passing CUDA_LAUNCH_BLOCKING/,
  /Compile with [`']?TORCH_USE_CUDA_DSA/,
  /Device-side assertion tracking was not enabled/,
  /(might|may|could) (also )?be (caused by|due to)/i,
  /^(\[?hint\]?|suggestion):/i,
  /See documentation for Memory Management/,
  /To see where the error originated|Set the environment variable HYDRA_FULL_ERROR=1/,
  /Set TORCH_(NCCL_ASYNC_ERROR_HANDLING|NCCL_TRACE_BUFFER_SIZE|LOGS|DISTRIBUTED_DEBUG)/,
  /To enable traceback see: https:\/\/pytorch\.org\/docs/,
  /you can suppress this exception and fall back to eager/i,
];

/** What follows when another process or an earlier step has failed. */
const cascade: readonly RegExp[] = [
  /ChildFailedError|torch\.multiprocessing\.spawn\.Process\w+Exception|ProcessExitedException/,
  /failed \(exitcode: -?\d+\)/,
  /NCCL communicator was aborted|ncclRemoteError|Some NCCL operations have failed or timed out/,
  /last enqueued NCCL work|watchdog got stuck|[Ww]atchdog caught collective operation timeout/,
  /Watchdog thread terminated with exception|taking the entire process down/,
  /Sending process \d+ closing signal SIG|SignalException|Received \d+ death signal|Received Signals?\.SIGTERM/i,
  /Connection (reset|closed) by peer|Broken ?[Pp]ipe|recvValue failed|Failed to recv, got 0 bytes/,
  /DataLoader worker \(pid\(?s?\)? ?[^)]*\) (is killed|exited unexpectedly)/,
  /terminate called (after throwing|without an active)/,
  /RayTaskError|ActorDiedError|WorkerCrashedError/,
  /^During handling of the above exception/,
];

/** Printed by healthy programs again and again. */
const noise: readonly RegExp[] = [
  /oneDNN custom operations are on|Unable to register cu(DNN|BLAS|FFT) factory|computation_placer already registered/,
  /Setting OMP_NUM_THREADS environment variable|Could not find TensorRT|NUMA node read from SysFS had negative value/,
  /The current process just got forked|TOKENIZERS_PARALLELISM/,
  /This TensorFlow binary is optimized|Setting ds_accelerator to/,
  /FutureWarning|DeprecationWarning/,
];

/** One look for all of them, in any case: nearly no message holds one. */
const anyHint = new RegExp([...advice, ...cascade, ...noise].map(({ source }) => `(?:${source})`).join("|"), "i");

const matches = (patterns: readonly RegExp[], text: string): boolean => patterns.some((pattern) => pattern.test(text));

/**
 * The part a record plays. The root is the first real exception: `Roots` remembers its group, so
 * that the same failure on other ranks is the same root. A bare `Killed` stays unknown until a kernel
 * or scheduler record explains it.
 */
export class Roles {
  #root: string | undefined;

  of(record: { message: string; level: Level; isException: boolean }, group: string): RecordRole | null {
    const { message } = record;
    const isHint = anyHint.test(message);
    if (isHint && matches(advice, message)) return "advice";
    if (isHint && matches(cascade, message)) return "cascade";
    if (record.isException && !/^(KeyboardInterrupt|SystemExit|GeneratorExit)\b/.test(message)) {
      this.#root ??= group;
      return this.#root === group ? "root" : null;
    }
    return isHint && record.level !== "error" && record.level !== "critical" && matches(noise, message)
      ? "noise"
      : null;
  }

  /** A new process has its own first failure. */
  restart(): void {
    this.#root = undefined;
  }
}
