import argparse, os, tempfile
import torch
import torch.nn as nn
import torch.nn.functional as F

def batches(x, y, size, shuffle=False):
    order = torch.randperm(len(x)) if shuffle else torch.arange(len(x))
    for chunk in order.split(size):
        yield x[chunk], y[chunk]

def two_moons(n, g):
    a = torch.rand(n, generator=g) * 3.1416
    y = torch.arange(n) % 2
    x = torch.stack([torch.cos(a), torch.sin(a)], 1)
    x[y == 1] = torch.tensor([1.0, 0.5]) - x[y == 1]
    return x + 0.2 * torch.randn(n, 2, generator=g), y

def validate(net, x, y):
    net.eval()
    with torch.no_grad():
        return F.cross_entropy(net(x), y).item()

def main(opt):
    torch.manual_seed(opt.seed)
    g = torch.Generator().manual_seed(opt.seed + 1)
    train, val, test = two_moons(500, g), two_moons(200, g), two_moons(400, g)
    net = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2))
    sgd = torch.optim.SGD(net.parameters(), lr=opt.lr, momentum=0.9)
    path = os.path.join(opt.out, 'best.pt')
    best_loss = None
    for epoch in range(opt.epochs):
        net.train()
        for x, y in batches(*train, size=opt.bs, shuffle=True):
            sgd.zero_grad()
            F.cross_entropy(net(x), y).backward()
            sgd.step()
        cur = validate(net, *val)
        if best_loss is None or cur < best_loss:
            best_loss = cur
            torch.save({'epoch': epoch, 'model': net.state_dict(), 'val_loss': cur}, path)
    ckpt = torch.load(path)
    net.load_state_dict(ckpt['model'])
    net.eval()
    with torch.no_grad():
        acc = (net(test[0]).argmax(1) == test[1]).float().mean().item()
    print('loaded epoch %d, test accuracy %.3f' % (ckpt['epoch'], acc))

if __name__ == '__main__':
    p = argparse.ArgumentParser()
    p.add_argument('--epochs', type=int, default=20)
    p.add_argument('--bs', type=int, default=50)
    p.add_argument('--lr', type=float, default=0.05)
    p.add_argument('--seed', type=int, default=0)
    p.add_argument('--out', default=None)
    o = p.parse_args()
    if o.out is None:
        with tempfile.TemporaryDirectory() as o.out:
            main(o)
    else:
        main(o)
