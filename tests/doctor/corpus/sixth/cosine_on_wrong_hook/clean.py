import numpy as np
import torch
from torch import nn
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

SEED, EPOCHS, BATCH = 4, 15, 16


class Loop:
    """fit() calls the registered functions at two moments."""

    def __init__(self, model, optimizer, loss_fn):
        self.model, self.optimizer, self.loss_fn = model, optimizer, loss_fn
        self.hooks = {"batch_end": [], "epoch_end": []}

    def on(self, moment, fn):
        self.hooks[moment].append(fn)
        return self

    def _fire(self, moment):
        for fn in self.hooks[moment]:
            fn()

    def fit(self, x, y, epochs, rng):
        for _ in range(epochs):
            self.model.train()
            order = torch.from_numpy(rng.permutation(len(x)))
            for idx in order.split(BATCH):
                self.optimizer.zero_grad()
                self.loss_fn(self.model(x[idx]), y[idx]).backward()
                self.optimizer.step()
                self._fire("batch_end")
            self._fire("epoch_end")


def load():
    raw, target = load_wine(return_X_y=True)
    a, b, ya, yb = train_test_split(raw, target, test_size=0.3, stratify=target, random_state=SEED)
    sc = StandardScaler().fit(a)
    as_x = lambda m: torch.tensor(sc.transform(m), dtype=torch.float32)
    return as_x(a), as_x(b), torch.tensor(ya), torch.tensor(yb)


torch.manual_seed(SEED)
x_train, x_test, y_train, y_test = load()
model = nn.Sequential(nn.Linear(13, 24), nn.Tanh(), nn.Linear(24, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=EPOCHS)
seen, steps = [], []

loop = Loop(model, optimizer, nn.CrossEntropyLoss())
loop.on("batch_end", lambda: steps.append(1))
loop.on("epoch_end", lambda: seen.append(optimizer.param_groups[0]["lr"]))
loop.on("epoch_end", scheduler.step)
loop.fit(x_train, y_train, EPOCHS, np.random.default_rng(SEED))

model.eval()
with torch.no_grad():
    acc = (model(x_test).argmax(1) == y_test).float().mean().item()
print(len(steps), "updates, learning rates", [round(v, 3) for v in seen])
print("test accuracy", round(acc, 3))
