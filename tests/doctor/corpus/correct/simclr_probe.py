"""Contrastive pretraining on unlabelled images (NT-Xent), then a linear probe with scikit-learn."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def augment(x, noise=0.1):
    """Independent random shift, erased patch and noise for each image."""
    n = len(x)
    padded = F.pad(x, (1, 1, 1, 1))
    dy, dx = torch.randint(0, 3, (2, n, 1))
    rows = (dy + torch.arange(8))[:, :, None]
    cols = (dx + torch.arange(8))[:, None, :]
    out = padded[torch.arange(n)[:, None, None], 0, rows, cols].unsqueeze(1)
    cy, cx = torch.randint(0, 7, (2, n, 1, 1))
    yy, xx = torch.arange(8)[:, None], torch.arange(8)[None, :]
    hole = (yy - cy >= 0) & (yy - cy < 2) & (xx - cx >= 0) & (xx - cx < 2)
    out = out.masked_fill(hole.unsqueeze(1), 0.0)
    return out + noise * torch.randn_like(out)


def nt_xent(a, b, temperature=0.3):
    """Row i of `a` and row i of `b` are two views of one image. The other 2N-2 rows are the negatives."""
    z = F.normalize(torch.cat([a, b]), dim=1)
    sim = z @ z.t() / temperature
    sim.fill_diagonal_(float("-inf"))                  # an image is not compared with itself
    n = len(a)
    partner = torch.arange(2 * n).roll(n)              # i <-> i + n
    return F.cross_entropy(sim, partner)


class Encoder(nn.Module):
    def __init__(self, width=32, out=32):
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())
        self.projector = nn.Sequential(nn.Linear(4 * width, 64), nn.ReLU(), nn.Linear(64, out))

    def forward(self, x):
        return self.projector(self.trunk(x))           # the projector is only for the contrastive loss


@torch.no_grad()
def features(enc, x):
    enc.eval()
    return enc.trunk(x).numpy()                        # the probe sits on the trunk, without augmentation


def probe(enc, x, y, xt, yt, labelled):
    clf = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    clf.fit(features(enc, x[labelled]), y[labelled].numpy())
    return clf.score(features(enc, xt), yt.numpy())


def main():
    torch.manual_seed(0)
    d = load_digits()
    images = torch.tensor(d.images).float().unsqueeze(1) / 16
    target = torch.tensor(d.target)
    tr, te = train_test_split(torch.arange(len(target)), test_size=0.3, stratify=target, random_state=0)
    x, y, xt, yt = images[tr], target[tr], images[te], target[te]
    labelled = torch.cat([(y == c).nonzero().flatten()[:10] for c in range(10)])

    enc = Encoder()
    print(f"random features: {probe(enc, x, y, xt, yt, labelled):.3f}")
    opt = torch.optim.Adam(enc.parameters(), lr=3e-3)
    for epoch in range(8):
        enc.train()
        total, steps = 0.0, 0
        for rows in torch.randperm(len(x)).split(128):
            if len(rows) < 128:
                continue                               # the loss depends on the number of negatives
            loss = nt_xent(enc(augment(x[rows])), enc(augment(x[rows])))
            opt.zero_grad()
            loss.backward()
            opt.step()
            total, steps = total + loss.item(), steps + 1
        print(f"epoch {epoch}: contrastive loss {total / steps:.3f}")
    print(f"learned features: {probe(enc, x, y, xt, yt, labelled):.3f} with {len(labelled)} labels")


if __name__ == "__main__":
    main()
