"""Learns a noisy line with Keras, logging to a CSV file and a progress bar."""

import json
import os

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy

generator = numpy.random.default_rng(1)
inputs = generator.normal(size=(512, 16)).astype("float32")
targets = inputs @ numpy.linspace(-1, 1, 16, dtype="float32").reshape(16, 1)

keras.utils.set_random_seed(1)
model = keras.Sequential([keras.layers.Dense(32, activation="relu"), keras.layers.Dense(1)])
model.compile(optimizer=keras.optimizers.Adam(5e-3), loss="mse", metrics=["mae"])
result = model.fit(
    inputs,
    targets,
    epochs=8,
    batch_size=16,
    validation_split=0.125,
    callbacks=[keras.callbacks.CSVLogger("training.csv")],
)
with open(os.environ["HISTORY"], "w") as file:
    json.dump(result.history, file)
