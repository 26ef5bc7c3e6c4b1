"""A sampler that learns: rows are drawn by their last loss, importance weights keep the gradient unbiased."""
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, Sampler


class Indexed(Dataset):
    """Delivers the row number with the row, so that the loop can report back."""

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return i, self.x[i], self.y[i]


class LossSampler(Sampler):
    """p_i = (1-u) * loss_i / sum + u / n, drawn with replacement; rows not seen yet count with a loss of one."""

    def __init__(self, n, uniform=0.3, generator=None):
        self.n, self.uniform, self.generator = n, uniform, generator
        self.score = torch.ones(n)
        self.p = torch.full((n,), 1 / n)

    def __len__(self):
        return self.n

    def __iter__(self):
        # the distribution is fixed for the pass; reports during the pass count from the next one on
        self.p = (1 - self.uniform) * self.score / self.score.sum() + self.uniform / self.n
        yield from torch.multinomial(self.p, self.n, replacement=True, generator=self.generator).tolist()

    def report(self, rows, losses):
        self.score[rows] = losses.detach().clamp_min(1e-3)

    def weight(self, rows):
        return 1 / (self.n * self.p[rows])


def clusters(n, gen, centres):
    y = torch.randint(0, len(centres), (n,), generator=gen)
    return centres[y] + torch.randn(n, centres.shape[1], generator=gen), y


def evaluate(net, x, y):
    net.eval()
    with torch.no_grad():
        out = net(x)
    return nn.functional.cross_entropy(out, y).item(), (out.argmax(1) == y).float().mean().item()


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(3)
    centres = torch.randn(6, 12, generator=gen) * 1.1
    x, y = clusters(800, gen, centres)
    x_val, y_val = clusters(250, gen, centres)
    x_test, y_test = clusters(400, gen, centres)
    for name in ("uniform", "by loss"):
        torch.manual_seed(1)
        sampler = LossSampler(len(x), uniform=1.0 if name == "uniform" else 0.3, generator=torch.Generator().manual_seed(9))
        loader = DataLoader(Indexed(x, y), batch_size=40, sampler=sampler)
        net = nn.Sequential(nn.Linear(12, 48), nn.ReLU(), nn.Linear(48, 6))
        opt = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
        best, kept = float("inf"), None
        for epoch in range(10):
            net.train()
            for rows, xb, yb in loader:
                each = nn.functional.cross_entropy(net(xb), yb, reduction="none")
                sampler.report(rows, each)
                opt.zero_grad()
                (sampler.weight(rows) * each).mean().backward()
                opt.step()
            val, _ = evaluate(net, x_val, y_val)
            if val < best:
                best, kept = val, {k: v.clone() for k, v in net.state_dict().items()}
        net.load_state_dict(kept)
        print(f"{name:8s} val {best:.4f} test loss %.4f acc %.3f" % evaluate(net, x_test, y_test))


if __name__ == "__main__":
    main()
