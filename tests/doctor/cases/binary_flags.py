import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.utils.data import DataLoader, Dataset


class Sensors(Dataset):
    def __init__(self, table, flags, mean=None, std=None):
        self.mean = table.mean(0) if mean is None else mean
        self.std = table.std(0) if std is None else std
        self.table = (table - self.mean) / self.std
        self.flags = flags

    def __len__(self):
        return len(self.flags)

    def __getitem__(self, i):
        return {"reading": self.table[i], "flag": self.flags[i]}


def build():
    layers = []
    sizes = [24, 64, 32]
    for a, b in zip(sizes, sizes[1:]):
        layers += [nn.Linear(a, b), nn.BatchNorm1d(b), nn.ReLU(inplace=True)]
    layers.append(nn.Linear(sizes[-1], 1))
    return nn.Sequential(*layers)


def fit(net, dl, opt, device):
    net.train()
    for batch in dl:
        reading = batch["reading"].to(device)
        flag = batch["flag"].float().to(device)
        logit = net(reading).squeeze(-1)
        loss = binary_cross_entropy_with_logits(logit, flag)
        opt.zero_grad()
        loss.backward()
        opt.step()


def score(net, dl, device):
    net.eval()
    right, n = 0, 0
    with torch.no_grad():
        for batch in dl:
            prob = torch.sigmoid(net(batch["reading"].to(device)).squeeze(-1))
            guess = (prob > 0.5).long()
            right += guess.eq(batch["flag"].to(device)).sum().item()
            n += guess.numel()
    return right / n


def run():
    torch.manual_seed(0)
    device = "cpu"
    raw, flag = torch.load("sensors.pt", weights_only=True)
    perm = torch.randperm(len(raw))
    tr, va = perm[:8000], perm[8000:]
    train_ds = Sensors(raw[tr], flag[tr])
    val_ds = Sensors(raw[va], flag[va], train_ds.mean, train_ds.std)
    train_dl = DataLoader(train_ds, batch_size=128, shuffle=True)
    val_dl = DataLoader(val_ds, batch_size=256, shuffle=False)
    net = build().to(device)
    opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=30)
    best, patience = 0.0, 0
    for epoch in range(30):
        fit(net, train_dl, opt, device)
        cosine.step()
        acc = score(net, val_dl, device)
        if acc > best:
            best, patience = acc, 0
            torch.save({"net": net.state_dict(), "opt": opt.state_dict(), "epoch": epoch}, "best.pt")
        else:
            patience += 1
            if patience == 5:
                break
        print(f"{epoch} {acc:.4f}")


run()
