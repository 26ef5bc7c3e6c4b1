"""NT-Xent pretraining on unlabelled digits, then a linear probe on frozen features."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, Dataset


class TwoViews:
    """Random shift, erasing and noise; every call draws afresh."""

    def __init__(self, shift=1, noise=0.1):
        self.shift, self.noise = shift, noise

    def augment(self, img):
        dy, dx = torch.randint(-self.shift, self.shift + 1, (2,)).tolist()
        out = torch.roll(F.pad(img, (1, 1, 1, 1)), (dy, dx), dims=(-2, -1))[..., 1:-1, 1:-1].clone()
        r, c = torch.randint(0, 6, (2,)).tolist()
        out[..., r:r + 2, c:c + 2] = 0
        return out * (0.8 + 0.4 * torch.rand(())) + self.noise * torch.randn_like(out)

    def __call__(self, img):
        return self.augment(img), self.augment(img)


class Unlabelled(Dataset):
    def __init__(self, images, transform):
        self.images, self.transform = images, transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return self.transform(self.images[i])


class Encoder(nn.Module):
    def __init__(self, dim=64):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(1, 24, 3, padding=1), nn.BatchNorm2d(24), nn.ReLU(),
            nn.Conv2d(24, dim, 3, stride=2, padding=1), nn.BatchNorm2d(dim), nn.ReLU())

    def forward(self, x):
        return self.conv(x).mean(dim=(2, 3))


def nt_xent(z1, z2, temperature=0.3):
    """The two views of a picture are each other's class; every other picture in the batch is a negative."""
    n = len(z1)
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    sim = z @ z.T / temperature
    sim.fill_diagonal_(float("-inf"))
    target = torch.arange(2 * n).roll(n)
    return F.cross_entropy(sim, target)


def pretrain(encoder, images, epochs=4):
    projector = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 32))
    loader = DataLoader(Unlabelled(images, TwoViews()), batch_size=128, shuffle=True, drop_last=True)
    opt = torch.optim.Adam([*encoder.parameters(), *projector.parameters()], lr=3e-3)
    encoder.train()
    for epoch in range(epochs):
        total = 0.0
        for v1, v2 in loader:
            loss = nt_xent(projector(encoder(v1)), projector(encoder(v2)))
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item()
        print(f"pretrain {epoch}: nt-xent {total / len(loader):.3f}")
    # the projector is thrown away on purpose


@torch.no_grad()
def embed(encoder, images):
    encoder.eval()
    return torch.cat([encoder(b) for b in images.split(256)])


def probe(feats, labels, steps=150):
    head = nn.Linear(feats.size(1), 10)
    opt = torch.optim.LBFGS(head.parameters(), lr=0.5, max_iter=steps, history_size=10, line_search_fn="strong_wolfe")

    def closure():
        opt.zero_grad()
        loss = F.cross_entropy(head(feats), labels) + 1e-3 * head.weight.square().sum()
        loss.backward()
        return loss

    opt.step(closure)
    return head


if __name__ == "__main__":
    torch.manual_seed(8)
    X, y = load_digits(return_X_y=True)
    X = torch.tensor(X, dtype=torch.float32).view(-1, 1, 8, 8) / 16
    Xtr, Xte, ytr, yte = train_test_split(X, torch.tensor(y), test_size=400, random_state=8, stratify=y)
    few = torch.cat([(ytr == c).nonzero().squeeze(1)[:10] for c in range(10)])
    encoder = Encoder()
    for name in ("random encoder", "pretrained encoder"):
        if name.startswith("pre"):
            pretrain(encoder, Xtr)
        ftr, fte = embed(encoder, Xtr[few]), embed(encoder, Xte)
        mean, std = ftr.mean(0), ftr.std(0) + 1e-6
        head = probe((ftr - mean) / std, ytr[few])
        with torch.no_grad():
            acc = (head((fte - mean) / std).argmax(1) == yte).float().mean().item()
        print(f"{name}: accuracy with 100 labels {acc:.3f}")
