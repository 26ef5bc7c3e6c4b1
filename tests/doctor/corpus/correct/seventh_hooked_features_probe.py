"""Linear probes on hidden layers: forward hooks read a frozen network, features are cached once."""
from contextlib import contextmanager

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


@contextmanager
def tapped(model, names):
    """name -> last output of that module; the hooks are gone afterwards."""
    modules, store = dict(model.named_modules()), {}

    def keep(name):
        def hook(_module, _inputs, output):
            store[name] = output.detach().flatten(1)
        return hook
    handles = [modules[n].register_forward_hook(keep(n)) for n in names]
    try:
        yield store
    finally:
        for h in handles:
            h.remove()


class FeatureCache:
    def __init__(self, model, names):
        self.model, self.names, self._mem = model.eval().requires_grad_(False), names, {}

    @torch.no_grad()
    def get(self, key, loader):
        if key not in self._mem:
            parts, labels = {n: [] for n in self.names}, []
            with tapped(self.model, self.names) as store:
                for x, y in loader:
                    self.model(x)
                    for n in self.names:
                        parts[n].append(store[n])
                    labels.append(y)
            self._mem[key] = {n: torch.cat(p) for n, p in parts.items()}, torch.cat(labels)
        return self._mem[key]


def make(n, gen):
    """A bright patch: quadrant (4) is the label of the source task, brightness (2) of the probe task."""
    img = 0.3 * torch.randn(n, 1, 10, 10, generator=gen)
    quad = torch.randint(0, 4, (n,), generator=gen)
    bright = torch.randint(0, 2, (n,), generator=gen)
    for i, (q, b) in enumerate(zip(quad.tolist(), bright.tolist())):
        r, c = (q // 2) * 5, (q % 2) * 5
        img[i, 0, r + 1:r + 4, c + 1:c + 4] += 0.8 + 0.5 * b
    return img, quad, bright


def train(net, loader, epochs, lr, wd=0.0):
    opt = torch.optim.AdamW(net.parameters(), lr=lr, weight_decay=wd)
    net.train()
    for _ in range(epochs):
        for x, y in loader:
            opt.zero_grad()
            nn.functional.cross_entropy(net(x), y).backward()
            opt.step()
    return net.eval()


@torch.no_grad()
def accuracy(net, x, y):
    return (net(x).argmax(1) == y).float().mean().item()


def main():
    torch.manual_seed(8)
    gen = torch.Generator().manual_seed(8)
    (xa, qa, _), (xb, _, bb), (xc, _, bc) = make(600, gen), make(400, gen), make(400, gen)
    net = nn.Sequential()
    net.add_module("conv1", nn.Conv2d(1, 8, 3, padding=1))
    net.add_module("relu1", nn.ReLU())
    net.add_module("pool1", nn.MaxPool2d(2))
    net.add_module("conv2", nn.Conv2d(8, 16, 3, padding=1))
    net.add_module("bn2", nn.BatchNorm2d(16))
    net.add_module("relu2", nn.ReLU())
    net.add_module("pool2", nn.AvgPool2d(5))
    net.add_module("flat", nn.Flatten())
    net.add_module("head", nn.Linear(16, 4))
    train(net, DataLoader(TensorDataset(xa, qa), 40, shuffle=True), epochs=4, lr=5e-3)

    cache = FeatureCache(net, ["pool1", "relu2", "flat"])
    fixed = {k: v.clone() for k, v in net.state_dict().items()}
    probe_dl = DataLoader(TensorDataset(xb, bb), 100)          # no shuffling: features are stored in order
    test_dl = DataLoader(TensorDataset(xc, bc), 100)
    for name in cache.names:
        feats, labels = cache.get("probe", probe_dl)
        test_feats, test_labels = cache.get("test", test_dl)
        f, t = feats[name], test_feats[name]
        mu, sd = f.mean(0), f.std(0).clamp_min(1e-4)
        f, t = (f - mu) / sd, (t - mu) / sd
        probe = train(nn.Linear(f.shape[1], 2), DataLoader(TensorDataset(f, labels), 50, shuffle=True), 10, 1e-2, 0.05)
        print(f"{name:6s} {f.shape[1]:4d} features, probe accuracy {accuracy(probe, t, test_labels):.3f}")
    assert all(torch.equal(v, fixed[k]) for k, v in net.state_dict().items())


if __name__ == "__main__":
    main()
