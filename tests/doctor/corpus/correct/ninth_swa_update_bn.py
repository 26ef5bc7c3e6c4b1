"""Stochastic weight averaging: constant-rate phase after cosine, averaged weights, BatchNorm statistics recomputed at the end."""
import torch
from torch import nn
from torch.optim.swa_utils import SWALR, AveragedModel, update_bn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS, SWA_START = 12, 7


def make_split(n, w, gen):
    x = torch.randn(n, 15, generator=gen)
    h = torch.tanh(x @ w[0])
    score = h @ w[1] + 0.8 * torch.randn(n, 4, generator=gen)
    return TensorDataset(x * 3 + 2, score.argmax(1))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.inp = nn.BatchNorm1d(15, affine=False)  # takes the place of a separate standardisation
        self.l1, self.b1 = nn.Linear(15, 64, bias=False), nn.BatchNorm1d(64)
        self.l2, self.b2 = nn.Linear(64, 64, bias=False), nn.BatchNorm1d(64)
        self.out = nn.Linear(64, 4)

    def forward(self, x):
        x = self.inp(x)
        x = torch.relu(self.b1(self.l1(x)))
        x = torch.relu(self.b2(self.l2(x)))
        return self.out(x)


def epoch_loop(model, dl, crit, opt=None):
    training = opt is not None
    model.train(training)
    loss_sum = hits = 0
    with torch.set_grad_enabled(training):
        for x, y in dl:
            z = model(x)
            loss = crit(z, y)
            if training:
                opt.zero_grad(set_to_none=True)
                loss.backward()
                opt.step()
            loss_sum += loss.item() * len(y)
            hits += (z.argmax(1) == y).sum().item()
    n = len(dl.dataset)
    return loss_sum / n, hits / n


def main():
    torch.manual_seed(5)
    gen = torch.Generator().manual_seed(5)
    w = torch.randn(15, 20, generator=gen) / 15 ** 0.5 * 2, torch.randn(20, 4, generator=gen)
    train = DataLoader(make_split(1024, w, gen), batch_size=32, shuffle=True)
    val = DataLoader(make_split(512, w, gen), batch_size=128)

    model = Net()
    swa = AveragedModel(model)
    crit = nn.CrossEntropyLoss()
    opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=SWA_START, eta_min=0.01)
    constant = SWALR(opt, swa_lr=0.04, anneal_epochs=2, anneal_strategy="cos")

    for epoch in range(EPOCHS):
        lr = opt.param_groups[0]["lr"]
        tl, _ = epoch_loop(model, train, crit, opt)
        if epoch >= SWA_START:
            swa.update_parameters(model)
            constant.step()
        else:
            cosine.step()
        if epoch % 3 == 2:
            vl, va = epoch_loop(model, val, crit)
            print(f"epoch {epoch} lr {lr:.3f} train {tl:.3f} val {vl:.3f} acc {va:.3f}")

    update_bn(train, swa)
    vl, va = epoch_loop(swa, val, crit)
    print(f"SWA of {int(swa.n_averaged)} snapshots: val {vl:.3f} acc {va:.3f}")


if __name__ == "__main__":
    main()
