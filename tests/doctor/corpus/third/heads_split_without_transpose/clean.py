import torch
from torch import nn


class SelfAttention(nn.Module):
    """Multi-head self attention, (batch, set, dim) -> (batch, set, dim)."""

    def __init__(self, dim: int, n_head: int, p: float = 0.1):
        super().__init__()
        assert dim % n_head == 0
        self.n_head, self.d_k = n_head, dim // n_head
        self.w_q = nn.Linear(dim, dim)
        self.w_k = nn.Linear(dim, dim)
        self.w_v = nn.Linear(dim, dim)
        self.w_o = nn.Linear(dim, dim)
        self.drop = nn.Dropout(p)

    def split(self, x):
        b, n, _ = x.shape
        return x.view(b, n, self.n_head, self.d_k).permute(0, 2, 1, 3)

    def merge(self, x):
        b, h, n, d = x.shape
        return x.transpose(1, 2).contiguous().view(b, n, h * d)

    def forward(self, x):
        q, k, v = self.split(self.w_q(x)), self.split(self.w_k(x)), self.split(self.w_v(x))
        scores = torch.einsum("bhqd,bhkd->bhqk", q, k) * self.d_k ** -0.5
        weights = self.drop(torch.softmax(scores, dim=3))
        return self.w_o(self.merge(weights @ v))


class SetNet(nn.Module):
    def __init__(self, n_in, dim=32, n_head=4, n_cls=4):
        super().__init__()
        self.inp = nn.Linear(n_in, dim)
        self.att = SelfAttention(dim, n_head)
        self.ln = nn.LayerNorm(dim)
        self.out = nn.Linear(dim, n_cls)

    def forward(self, x):
        h = self.inp(x)
        h = self.ln(h + self.att(h))
        return self.out(h.max(dim=1).values)


def make(n, g):
    """Each set has 10 points; one is marked (last feature). Class: quadrant of the marked point's offset to the mean."""
    pts = torch.randn(n, 10, 2, generator=g)
    which = torch.randint(0, 10, (n,), generator=g)
    mark = nn.functional.one_hot(which, 10).float()
    off = pts[torch.arange(n), which] - pts.mean(1)
    return torch.cat([pts, mark.unsqueeze(-1)], dim=-1), (off[:, 0] > 0).long() * 2 + (off[:, 1] > 0).long()


def run_epoch(model, x, y, opt=None, bs=50):
    """One pass; trains when an optimizer is given. Returns (mean loss, accuracy)."""
    training = opt is not None
    model.train(training)
    order = torch.randperm(len(x)) if training else torch.arange(len(x))
    loss_sum, hits = 0.0, 0
    with torch.set_grad_enabled(training):
        for idx in order.split(bs):
            logits = model(x[idx])
            loss = nn.functional.cross_entropy(logits, y[idx])
            if training:
                opt.zero_grad()
                loss.backward()
                opt.step()
            loss_sum += loss.item() * len(idx)
            hits += (logits.argmax(1) == y[idx]).sum().item()
    return loss_sum / len(x), hits / len(x)


if __name__ == "__main__":
    torch.manual_seed(8)
    g = torch.Generator().manual_seed(9)
    train, test = make(1000, g), make(300, g)
    model = SetNet(3)
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    for ep in range(10):
        tr = run_epoch(model, *train, opt)
        te = run_epoch(model, *test)
    print("train", tr, "test", te)
