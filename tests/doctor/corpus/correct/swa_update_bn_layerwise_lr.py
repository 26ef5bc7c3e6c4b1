"""Stochastic weight averaging with SWALR, layer-wise learning rates and BatchNorm recalibration."""
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.optim.swa_utils import SWALR, AveragedModel, update_bn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(33)
EPOCHS, SWA_START, BASE_LR, DECAY = 12, 7, 0.05, 0.7

X, y = load_digits(return_X_y=True)
x, t = torch.tensor(X / 16.0, dtype=torch.float32), torch.tensor(y)
tr, te = train_test_split(range(len(y)), test_size=0.25, stratify=y, random_state=33)
train_dl = DataLoader(TensorDataset(x[tr], t[tr]), batch_size=64, shuffle=True)
test_dl = DataLoader(TensorDataset(x[te], t[te]), batch_size=256)


def stage(i, o):
    return nn.Sequential(nn.Linear(i, o), nn.BatchNorm1d(o), nn.ReLU())


model = nn.Sequential(stage(64, 64), stage(64, 48), nn.Linear(48, 10))
# deeper layers (closer to the output) get the larger rate
groups = [{"params": part.parameters(), "lr": BASE_LR * DECAY ** (len(model) - 1 - i)} for i, part in enumerate(model)]
opt = torch.optim.SGD(groups, lr=BASE_LR, momentum=0.9, weight_decay=5e-4)
cosine = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=SWA_START, eta_min=1e-3)
swa_model = AveragedModel(model)
swa_sched = SWALR(opt, swa_lr=[0.02 * DECAY ** (len(model) - 1 - i) for i in range(len(model))], anneal_epochs=2)


@torch.no_grad()
def accuracy(net):
    net.eval()
    return sum((net(a).argmax(1) == b).sum().item() for a, b in test_dl) / len(te)


for epoch in range(EPOCHS):
    model.train()
    total = 0.0
    for a, b in train_dl:
        opt.zero_grad()
        loss = F.cross_entropy(model(a), b)
        loss.backward()
        opt.step()
        total += loss.item() * len(b)
    if epoch >= SWA_START:
        swa_model.update_parameters(model)
        swa_sched.step()
    else:
        cosine.step()
    print(f"epoch {epoch + 1:2d} loss {total / len(tr):.4f} lrs {[round(g['lr'], 4) for g in opt.param_groups]}")

update_bn(train_dl, swa_model)  # running statistics of the averaged weights
print(f"averaged {int(swa_model.n_averaged)} snapshots | last acc {accuracy(model):.4f} swa acc {accuracy(swa_model):.4f}")
