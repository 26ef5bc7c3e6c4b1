"""Port of our Keras model to PyTorch.

    model = Sequential([
        Dense(24, activation="relu", input_shape=(10,)),
        Dense(12, activation="relu"),
        Dense(1, activation="sigmoid"),
    ])
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
"""
import numpy as np
import torch
import torch.nn as nn


class KerasLike(nn.Module):
    """fit / evaluate / predict, so that the notebooks stay the same."""

    def __init__(self, layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return self.layers(x).squeeze(-1)

    def compile_(self, optimizer, loss):
        self.optimizer, self.loss = optimizer, loss

    def fit(self, x, y, epochs, batch_size):
        x, y = torch.as_tensor(x), torch.as_tensor(y)
        for epoch in range(1, epochs + 1):
            self.train()
            total = 0.0
            for idx in torch.randperm(len(x)).split(batch_size):
                self.optimizer.zero_grad()
                loss = self.loss(self(x[idx]), y[idx])
                loss.backward()
                self.optimizer.step()
                total += loss.item() * len(idx)
            print(f"Epoch {epoch}/{epochs} - loss: {total / len(x):.4f}")

    @torch.no_grad()
    def predict(self, x):
        self.eval()
        return self(torch.as_tensor(x)).numpy()

    def evaluate(self, x, y):
        return float(((self.predict(x) > 0.5) == (y > 0.5)).mean())


if __name__ == "__main__":
    torch.manual_seed(99)
    rng = np.random.default_rng(99)
    x = rng.normal(size=(1200, 10)).astype("float32")
    y = (x[:, 0] + x[:, 1] * x[:, 2] + 0.3 * rng.normal(size=1200) > 0.8).astype("float32")

    model = KerasLike([
        nn.Linear(10, 24), nn.ReLU(),
        nn.Linear(24, 12), nn.ReLU(),
        nn.Linear(12, 1), nn.Sigmoid(),
    ])
    model.compile_(torch.optim.Adam(model.parameters(), lr=1e-3), nn.BCELoss())
    model.fit(x[:900], y[:900], epochs=15, batch_size=32)
    print("test accuracy:", model.evaluate(x[900:], y[900:]))
