# Stochastic weight averaging with torch.optim.swa_utils; batch-norm statistics are recomputed for the average.
import os

import numpy as np
import torch
from torch.optim.swa_utils import SWALR, AveragedModel, update_bn
from torch.utils.data import DataLoader, TensorDataset

SEED = int(os.environ.get("SEED", "12"))
EPOCHS, SWA_START, BATCH = 14, 8, 50


def spirals(n, noise, rng):
    k = rng.integers(0, 3, n)
    r = rng.uniform(0.1, 1.0, n)
    a = 3.5 * r + k * 2 * np.pi / 3 + rng.normal(0, noise, n)
    return np.stack([r * np.cos(a), r * np.sin(a)], 1).astype("float32"), k.astype("int64")


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        w = 48
        self.a, self.b, self.c = torch.nn.Linear(2, w), torch.nn.Linear(w, w), torch.nn.Linear(w, 3)
        self.n1, self.n2 = torch.nn.BatchNorm1d(w), torch.nn.BatchNorm1d(w)

    def forward(self, x):
        x = self.n1(self.a(x)).relu()
        x = self.n2(self.b(x)).relu()
        return self.c(x)


def test(model, loader):
    model.eval()
    hit, nll = 0, 0.0
    with torch.no_grad():
        for x, y in loader:
            z = model(x)
            hit += int((z.argmax(1) == y).sum())
            nll += float(torch.nn.functional.cross_entropy(z, y, reduction="sum"))
    n = len(loader.dataset)
    return {"acc": hit / n, "nll": nll / n}


rng = np.random.default_rng(SEED)
torch.manual_seed(SEED)
sets = [TensorDataset(*map(torch.from_numpy, spirals(n, 0.18, rng))) for n in (700, 400)]
train_loader = DataLoader(sets[0], BATCH, shuffle=True)
test_loader = DataLoader(sets[1], 200)

model = Net()
swa_model = AveragedModel(model)               # a deep copy inside; updated only by update_parameters
optimizer = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.9, weight_decay=1e-4)
cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=SWA_START, eta_min=0.05)
swa_sched = SWALR(optimizer, swa_lr=0.08, anneal_epochs=2, anneal_strategy="cos")

for epoch in range(EPOCHS):
    model.train()
    mean = 0.0
    for i, (x, y) in enumerate(train_loader, start=1):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        mean += (loss.item() - mean) / i       # running mean; every batch has 50 samples
    if epoch >= SWA_START:
        swa_model.update_parameters(model)
        swa_sched.step()                       # either the one scheduler or the other
    else:
        cosine.step()
    print(f"{epoch:2d} loss {mean:.4f} lr {optimizer.param_groups[0]['lr']:.4f}")

assert int(swa_model.n_averaged) == EPOCHS - SWA_START
update_bn(train_loader, swa_model)             # one pass over the training data, in train mode, no gradients
print("last ", test(model, test_loader))
print("swa  ", test(swa_model, test_loader))
