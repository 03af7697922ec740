"""Records one run as a directory that llmdbg reads, replays and is tested on.

    python examples/translate/record.py --story nan --seed 1 --out fixtures/translate-nan-seed1 -- \
        python examples/translate/train.py --fault nan --seed 1 --output_dir out/translate-nan-seed1

The command runs unchanged; every piece it writes is kept with its real time.
"""

import argparse
import codecs
import json
import os
import re
import selectors
import shutil
import signal
import subprocess
import sys
import time

from expectations import expect

README = """# {name}

{truth}

Recorded with seed {seed} by

    {command}

See [the fixtures' README](../README.md) for the files and for how to record all of them again.
"""


def pieces(text):
    """A chunk as entries: one per line, and what is left (a bar that `\\r` will overwrite) as one flush."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def record(command, console, silence):
    """Runs `command`, writes console.jsonl, returns (start, end, exit status)."""
    # The first word of the written command is plain `python`; what runs is this interpreter.
    real = [sys.executable if command[0] == "python" else command[0], *command[1:]]
    started, clock = int(time.time() * 1000), time.monotonic()
    process = subprocess.Popen(real, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    selector = selectors.DefaultSelector()
    for pipe, stream in ((process.stdout, "out"), (process.stderr, "err")):
        selector.register(pipe, selectors.EVENT_READ, (stream, codecs.getincrementaldecoder("utf-8")("replace")))
    last = time.monotonic()
    while selector.get_map():
        ready = selector.select(timeout=1.0)
        now = time.monotonic()
        if ready:
            last = now
        elif silence and now - last > silence and process.poll() is None:
            # What a person does with a job that hangs.
            os.killpg(process.pid, signal.SIGKILL)
        for key, _ in ready:
            stream, decoder = key.data
            chunk = os.read(key.fileobj.fileno(), 65536)
            for text in pieces(decoder.decode(chunk, final=not chunk)):
                entry = {"t": round((now - clock) * 1000), "stream": stream, "text": text}
                console.write(json.dumps(entry, ensure_ascii=False) + "\n")
            if not chunk:
                selector.unregister(key.fileobj)
    status = process.wait()
    # A shell's way to name the signal that ended a process.
    return started, int(time.time() * 1000), status if status >= 0 else 128 - status


def read_json(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as file:
        file.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def last_state(folder):
    """The newest trainer_state.json: the final one, or that of the last checkpoint."""
    found = [os.path.join(folder, "trainer_state.json")]
    found += [os.path.join(folder, name, "trainer_state.json") for name in os.listdir(folder)]
    found = [path for path in found if os.path.exists(path)]
    return max(found, key=os.path.getmtime) if found else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--story", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", required=True, help="the recording's directory")
    parser.add_argument("--kill-after-silence", type=float, default=0.0, metavar="SECONDS",
                        help="kill the command when it prints nothing for so long")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    if "--output_dir" not in command:
        parser.error("the command needs --output_dir, where trainer_state.json will be")
    output = command[command.index("--output_dir") + 1]
    # Yesterday's checkpoints would be taken for this run's.
    shutil.rmtree(output, ignore_errors=True)
    os.makedirs(arguments.out, exist_ok=True)
    name = os.path.basename(os.path.normpath(arguments.out))

    def inside(file):
        return os.path.join(arguments.out, file)

    with open(inside("console.jsonl"), "w", encoding="utf-8") as console:
        started, ended, status = record(command, console, arguments.kill_after_silence)
    config = read_json(os.path.join(output, "training_args.json"))
    write_json(inside("run.json"), {
        "schema": "llmdbg.recording/1", "name": name, "project": "translate", "story": arguments.story,
        "seed": arguments.seed, "command": command, "config": config, "startedAt": started, "endedAt": ended,
        "exitStatus": status})
    state = last_state(output)
    if state:
        shutil.copyfile(state, inside("trainer_state.json"))
    with open(inside("console.jsonl"), encoding="utf-8") as file:
        printed = "".join(json.loads(line)["text"] for line in file)
    expected = expect(arguments.story, config, command, read_json(state) if state else None, printed)
    write_json(inside("expected.json"), expected)
    with open(inside("README.md"), "w", encoding="utf-8") as file:
        file.write(README.format(name=name, truth=expected["truth"], seed=arguments.seed, command=" ".join(command)))
    print("%s: exit status %d, %.1f s, %s" % (name, status, (ended - started) / 1000, expected["truth"]))


if __name__ == "__main__":
    main()
