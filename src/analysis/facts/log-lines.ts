import type { LogRecord } from "../../model/record.ts";
import { defineFact } from "../fact.ts";

/** What the log says beside the numbers. */
export interface LogLines {
  /** fp16 steps that were skipped because a gradient overflowed. */
  readonly overflows: readonly LogRecord[];
  readonly resumes: readonly LogRecord[];
  /** The newest line that says that a checkpoint's weights fitted none of the model's. */
  readonly nothingLoaded: LogRecord | null;
  readonly exceptions: readonly LogRecord[];
  /** Lines that name what a run dies or hangs of, the newest last. */
  readonly failures: readonly LogRecord[];
  /** Lines that announce other training data on purpose: a stage of the blend, a curriculum, an augmentation that is closed. */
  readonly stages: readonly LogRecord[];
  /** DeepSpeed and Megatron end the run when the scale can fall no further. */
  readonly scaleExhausted: LogRecord | null;
  /** Size of the vocabulary, where a line says it: nanoGPT prints "found vocab_size = 65". */
  readonly vocabulary: number | null;
  /** Latest time of any record; NaN when none carries one. */
  readonly lastTime: number;
  readonly count: number;
}

const overflow = /\boverflow\b.*(skip|scale)|gradient overflow|skipping step|found inf/i;
const exhausted = /loss scale already at minimum|minimum loss scale reached/i;
const resumed =
  /continuing training from (checkpoint|global step|epoch)|resum(ed?|ing) (training )?from|restored all states from|loading (model )?checkpoint from|loaded checkpoint/i;

/** YOLO's "Transferred 0/44 items from last.pt", and the same in the words of scripts. */
const emptyLoad =
  /\btransferred 0\/[1-9]\d* items\b|\b(?:loaded|matched|restored) 0 ?(?:\/|of|out of) ?[1-9]\d* (?:items|keys|weights|parameters|params|tensors|layers)\b/i;

const vocabularyLine = /\bvocab(?:ulary)?[ _]?size\b\s*(?:is|of|[:=])?\s*(\d[\d,]*)/i;

/** NCCL's watchdog, PyTorch's data loader, the kernel's and CUDA's words for a lack of memory. */
const harmless = /nccl (info|version|debug)/i;
const failure =
  /nccl|watchdog caught|collective operation timeout|gloo.*(timed? ?out|connection)|dataloader worker|data_loader.*(timed? ?out|killed)|out of memory|oom[-_ ]?kill|cannot allocate memory|bus error|no space left|\bkilled\b/i;

const isFailure = ({ message, exception }: LogRecord): boolean =>
  (failure.test(message) && !harmless.test(message)) || (exception !== null && failure.test(exception));

/**
 * Megatron builds the data sets of a blend, DeepSpeed's curriculum goes to longer texts, YOLO closes its mosaic, annealing
 * runs switch their mixture. ZeRO's stages and phases of evaluation say nothing of training data; a shard that is opened is no plan.
 */
const dataOf =
  /\b(stage|phase|curriculum|blend|mixture|mosaic|mix-?up|domain weights|sampling weights|data mix|sequence length|seq_?len(gth)?|max_length|image size|resolution|hard negatives)\b/i;
const turn =
  /\b(building|builds?|loading|switch(ing|ed)?|chang(e|es|ed|ing)|enter(s|ed|ing)?|start(s|ed|ing)?|begin(s|ning)?|began|mov(es|ed|ing)|advanc(e|es|ed|ing)|clos(e|es|ed|ing)|disabl(e|es|ed|ing)|increas(e|es|ed|ing)|mining|mined|next|now)\b/i;
const noData =
  /\bzero\b|deepspeed|optimizer|pipeline|(eval(uation)?|validation|test(ing)?|warm-?up) (stage|phase)|checkpoint/i;
/** Both in one line, in either order: two searches, since one for the two of them tries each word with all that follow. */
const announcesData = ({ message }: LogRecord): boolean =>
  turn.test(message) &&
  dataOf.test(message) &&
  message.split("\n").some((line) => turn.test(line) && dataOf.test(line)) &&
  !noData.test(message);

interface Scan {
  stages: LogRecord[];
  vocabulary: number | null;
  read: number;
  overflows: LogRecord[];
  resumes: LogRecord[];
  exceptions: LogRecord[];
  failures: LogRecord[];
  scaleExhausted: LogRecord | null;
  nothingLoaded: LogRecord | null;
  lastTime: number;
}

/**
 * How far each run's records were read. Records are only ever appended, so that a batch costs
 * what it brings and not what came before it.
 */
const scans = new WeakMap<readonly LogRecord[], Scan>();

export const logLines = defineFact<LogLines>({
  id: "log records",
  derive(run) {
    const records = run.records();
    let scan = scans.get(records);
    if (scan === undefined) {
      scan = {
        stages: [],
        vocabulary: null,
        read: 0,
        overflows: [],
        resumes: [],
        exceptions: [],
        failures: [],
        scaleExhausted: null,
        nothingLoaded: null,
        lastTime: Number.NaN,
      };
      scans.set(records, scan);
    }
    for (; scan.read < records.length; scan.read++) {
      const record = records[scan.read];
      if (record === undefined) continue;
      if (record.time !== null && !(record.time <= scan.lastTime)) scan.lastTime = record.time;
      if (scan.vocabulary === null) {
        const size = vocabularyLine.exec(record.message)?.[1];
        if (size !== undefined) scan.vocabulary = Number(size.replaceAll(",", ""));
      }
      if (emptyLoad.test(record.message)) scan.nothingLoaded = record;
      if (isFailure(record)) scan.failures.push(record);
      if (announcesData(record)) scan.stages.push(record);
      if (record.exception !== null) scan.exceptions.push(record);
      else if (exhausted.test(record.message)) scan.scaleExhausted ??= record;
      else if (overflow.test(record.message)) scan.overflows.push(record);
      else if (resumed.test(record.message)) scan.resumes.push(record);
    }
    return { ...scan, count: records.length };
  },
});
