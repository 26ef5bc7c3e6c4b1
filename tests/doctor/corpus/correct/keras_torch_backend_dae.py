"""Keras 3 on the torch backend: own train_step with Tensor.backward, noise only in training, logits with from_logits=True."""
import os

os.environ["KERAS_BACKEND"] = "torch"  # must come before the import of keras

import keras
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


class DenoisingClassifier(keras.Model):
    """Shared encoder, two heads: reconstruction of the clean input and class logits."""

    def __init__(self, width=64, noise=0.2, weight=0.5):
        super().__init__()
        self.corrupt = keras.layers.GaussianNoise(noise, seed=1)  # active only with training=True
        self.encode = keras.Sequential([keras.layers.Dense(width, "relu"), keras.layers.Dropout(0.1, seed=2)])
        self.decode = keras.layers.Dense(64)
        self.classify = keras.layers.Dense(10)
        self.weight = weight
        self.ce = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.m_loss = keras.metrics.Mean(name="loss")
        self.m_acc = keras.metrics.SparseCategoricalAccuracy(name="acc")
        self.m_rec = keras.metrics.MeanSquaredError(name="rec")

    @property
    def metrics(self):  # listed here, Keras resets them at the start of each epoch and of each evaluation
        return [self.m_loss, self.m_acc, self.m_rec]

    def call(self, x, training=False):
        h = self.encode(self.corrupt(x, training=training), training=training)
        return self.decode(h), self.classify(h)

    def objective(self, x, y, training):
        rec, logits = self(x, training=training)
        loss = self.ce(y, logits) + self.weight * keras.ops.mean(keras.ops.square(rec - x))
        self.m_loss.update_state(loss.detach(), sample_weight=keras.ops.shape(x)[0])  # weighted by batch size: the last one is smaller
        self.m_acc.update_state(y, logits)
        self.m_rec.update_state(x, rec)
        return loss

    def train_step(self, data):
        x, y = data
        self.zero_grad()
        loss = self.objective(x, y, training=True)
        loss.backward()
        weights = self.trainable_weights
        with torch.no_grad():
            self.optimizer.apply([w.value.grad for w in weights], weights)
        return {m.name: m.result() for m in self.metrics}

    def test_step(self, data):
        x, y = data
        with torch.no_grad():
            self.objective(x, y, training=False)
        return {m.name: m.result() for m in self.metrics}


def main():
    keras.utils.set_random_seed(0)
    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype("float32")
    xr, xs, yr, ys = train_test_split(X, y, test_size=0.2, stratify=y, random_state=0)
    xt, xv, yt, yv = train_test_split(xr, yr, test_size=0.2, stratify=yr, random_state=0)
    model = DenoisingClassifier()
    model.compile(optimizer=keras.optimizers.Adam(3e-3, clipnorm=1.0))
    stop = keras.callbacks.EarlyStopping("val_loss", patience=3, restore_best_weights=True)
    hist = model.fit(xt, yt, batch_size=64, epochs=5, validation_data=(xv, yv), verbose=0, callbacks=[stop])
    for e, (a, b) in enumerate(zip(hist.history["loss"], hist.history["val_loss"])):
        print(f"epoch {e} loss {a:.3f} val {b:.3f} val acc {hist.history['val_acc'][e]:.3f}")
    print("test", {k: round(float(v), 3) for k, v in model.evaluate(xs, ys, verbose=0, return_dict=True).items()})
    _, logits = model.predict(xs, verbose=0)
    print("test accuracy by hand", round(float(np.mean(logits.argmax(1) == ys)), 3))


if __name__ == "__main__":
    main()
