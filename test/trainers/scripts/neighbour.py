"""A training that writes the files of the Hugging Face Trainer into the directory it is started in."""

import json
import os
import sys
import time

name, scale, rows = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
os.makedirs(f"{name}/checkpoint-{rows}", exist_ok=True)
history = []
log = open(f"{name}/metrics.csv", "w")
log.write("step,loss,grad_norm\n")
for row in range(1, rows + 1):
    step, loss = row * 5, scale * (1 + 2 * 0.95**row)
    history.append({"step": step, "loss": loss, "grad_norm": 1.0 + 0.01 * (row % 7) * scale})
    print({"step": step, "loss": f"{loss:.4g}", "grad_norm": f"{history[-1]['grad_norm']:.4g}"}, flush=True)
    log.write(f"{step},{loss},{history[-1]['grad_norm']}\n")
    log.flush()
    if row % 10 == 0:
        with open(f"{name}/checkpoint-{rows}/trainer_state.json.new", "w") as file:
            json.dump({"global_step": step, "max_steps": rows * 5, "log_history": history}, file)
        os.replace(f"{name}/checkpoint-{rows}/trainer_state.json.new", f"{name}/checkpoint-{rows}/trainer_state.json")
    time.sleep(0.03)
