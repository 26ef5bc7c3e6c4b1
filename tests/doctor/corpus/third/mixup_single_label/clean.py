import numpy as np
import torch
from torch import nn
from torch.utils.data import TensorDataset, DataLoader
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


def mix(x, y, alpha):
    lam = float(np.random.beta(alpha, alpha))
    partner = torch.randperm(x.size(0))
    blended = lam * x + (1.0 - lam) * x[partner]
    return blended, y, y[partner], lam


def blended_criterion(criterion, out, y_a, y_b, lam):
    return lam * criterion(out, y_a) + (1.0 - lam) * criterion(out, y_b)


def accuracy(net, loader):
    was_training = net.training
    net.eval()
    ok = cnt = 0
    with torch.no_grad():
        for x, y in loader:
            ok += net(x).argmax(1).eq(y).sum().item()
            cnt += y.numel()
    net.train(was_training)
    return ok / cnt


def main(alpha=1.0, epochs=8):
    np.random.seed(0)
    torch.manual_seed(0)
    X, y = load_digits(return_X_y=True)
    Xa, Xb, ya, yb = train_test_split(X / 16.0, y, test_size=0.3, random_state=0, stratify=y)
    pack = lambda a, b: TensorDataset(torch.tensor(a, dtype=torch.float32), torch.tensor(b))
    train_dl = DataLoader(pack(Xa, ya), batch_size=64, shuffle=True, drop_last=True)
    test_dl = DataLoader(pack(Xb, yb), batch_size=256)

    net = nn.Sequential(nn.Linear(64, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Linear(128, 10))
    opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=epochs)
    ce = nn.CrossEntropyLoss()

    for _ in range(epochs):
        for x, t in train_dl:
            x, t_a, t_b, lam = mix(x, t, alpha)
            out = net(x)
            loss = blended_criterion(ce, out, t_a, t_b, lam)
            opt.zero_grad()
            loss.backward()
            opt.step()
        sched.step()
    print('test acc %.3f' % accuracy(net, test_dl))


main()
