"""Rare-event classifier: balanced sampling for training, natural frequencies for evaluation, prior correction."""
import logging
import sys
from functools import partial

import torch
from sklearn.datasets import make_classification
from sklearn.metrics import average_precision_score, balanced_accuracy_score
from sklearn.model_selection import train_test_split
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

log = logging.getLogger("rare")
logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")


def tensors(*arrays):
    x, y = arrays
    return TensorDataset(torch.as_tensor(x, dtype=torch.float32), torch.as_tensor(y, dtype=torch.long))


def standardise(train: Tensor, *others: Tensor):
    center, scale = train.mean(0), train.std(0)
    return [(t - center) / scale for t in (train, *others)]


def balanced_sampler(y: Tensor, generator):
    freq = torch.bincount(y).double()
    return WeightedRandomSampler((1 / freq)[y], num_samples=len(y), replacement=True, generator=generator)


class Net(nn.Module):
    """Trained where both classes are equally frequent; `prior_shift` moves the scores back to real life."""

    def __init__(self, n_in):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(n_in, 32), nn.Linear(32, 16), nn.Linear(16, 2)])
        self.register_buffer("prior_shift", torch.zeros(2))

    def forward(self, x):
        *hidden, last = self.layers
        for layer in hidden:
            x = torch.relu(layer(x))
        x = last(x)
        return x if self.training else x + self.prior_shift


def fit(net, loader, epochs, lr):
    opt = torch.optim.Adam(net.parameters(), lr=lr, weight_decay=1e-3)
    for epoch in range(epochs):
        net.train()
        tally = torch.zeros(2, dtype=torch.long)
        loss_sum = 0.0
        for x, y in loader:
            loss = nn.functional.cross_entropy(net(x), y)     # no class weights: the sampler balances already
            opt.zero_grad()
            loss.backward()
            opt.step()
            loss_sum += loss.item() * len(y)
            tally += torch.bincount(y, minlength=2)
        log.info("epoch %d loss %.4f classes seen %s", epoch, loss_sum / tally.sum().item(), tally.tolist())


@torch.no_grad()
def probabilities(net, x):
    return net.eval()(x).softmax(1)[:, 1]


def main():
    torch.manual_seed(0)
    x, y = make_classification(4000, 12, n_informative=6, weights=[0.94], class_sep=1.2, random_state=3)
    split = partial(train_test_split, random_state=3)
    x_tr, x_te, y_tr, y_te = split(x, y, test_size=0.4, stratify=y)
    x_va, x_te, y_va, y_te = split(x_te, y_te, test_size=0.5, stratify=y_te)
    train, val, test = (tensors(*p) for p in ((x_tr, y_tr), (x_va, y_va), (x_te, y_te)))
    xs = standardise(train.tensors[0], val.tensors[0], test.tensors[0])
    y_tr, y_va, y_te = (d.tensors[1] for d in (train, val, test))

    g = torch.Generator().manual_seed(8)
    # a sampler is given, so shuffle stays off
    loader = DataLoader(TensorDataset(xs[0], y_tr), batch_size=64, sampler=balanced_sampler(y_tr, g))
    net = Net(12)
    fit(net, loader, epochs=6, lr=2e-3)

    prior = torch.bincount(y_tr).float() / len(y_tr)
    net.prior_shift.copy_(torch.log(prior) - torch.log(torch.tensor([0.5, 0.5])))

    p_va = probabilities(net, xs[1])
    candidates = torch.quantile(p_va, torch.linspace(0.5, 0.995, 60))
    cut = max(candidates.tolist(), key=lambda c: balanced_accuracy_score(y_va, (p_va >= c).int()))
    p_te = probabilities(net, xs[2])
    log.info("mean probability %.4f, share of positives %.4f", p_te.mean(), y_te.float().mean())
    log.info("average precision %.4f", average_precision_score(y_te, p_te))
    log.info("balanced accuracy at the validation cut %.4f: %.4f", cut, balanced_accuracy_score(y_te, (p_te >= cut).int()))


if __name__ == "__main__":
    main()
