"""Domain-adversarial training (Ganin & Lempitsky 2015) on rotated and shifted moons."""
import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import make_moons
from torch.autograd import Function
from torch.utils.data import DataLoader, TensorDataset


class ReverseLayerF(Function):
    @staticmethod
    def forward(ctx, x, alpha):
        ctx.alpha = alpha
        return x.view_as(x)

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output.neg() * ctx.alpha, None


class DANN(nn.Module):
    def __init__(self):
        super().__init__()
        self.feature = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 16), nn.Tanh())
        self.class_classifier = nn.Sequential(nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 2), nn.LogSoftmax(dim=1))
        self.domain_classifier = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 2), nn.LogSoftmax(dim=1))

    def forward(self, x, alpha):
        f = self.feature(x)
        return self.class_classifier(f), self.domain_classifier(ReverseLayerF.apply(f, alpha))


def domain(n, angle, seed):
    x, y = make_moons(n, noise=0.1, random_state=seed)
    c, s = np.cos(angle), np.sin(angle)
    x = (x - [0.5, 0.25]) @ np.array([[c, -s], [s, c]]).T
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y)


@torch.no_grad()
def test(net, x, y):
    net.eval()
    out, _ = net(x, alpha=0.0)
    net.train()
    return (out.argmax(1) == y).float().mean().item()


@torch.no_grad()
def domain_accuracy(net, xs, xt):
    net.eval()
    hit = [(net(x, 0.0)[1].argmax(1) == d).float().mean().item() for d, x in enumerate((xs, xt))]
    net.train()
    return sum(hit) / 2


def run(adapt, n_epoch=25, lr=3e-3, batch=64):
    torch.manual_seed(4)
    angle = np.deg2rad(35)
    xs, ys = domain(800, 0.0, 0)
    xt, _ = domain(800, angle, 1)  # the labels of the target domain are never looked at in training
    xs_val, ys_val = domain(300, 0.0, 2)
    xt_test, yt_test = domain(500, angle, 3)

    source = DataLoader(TensorDataset(xs, ys), batch_size=batch, shuffle=True, drop_last=True)
    target = DataLoader(TensorDataset(xt), batch_size=batch, shuffle=True, drop_last=True)
    net = DANN()
    opt = torch.optim.Adam(net.parameters(), lr=lr)
    nll = nn.NLLLoss()
    for epoch in range(n_epoch):
        logs = np.zeros(3)
        pairs = zip(source, target)
        for i, ((s_img, s_label), (t_img,)) in enumerate(pairs):
            p = (i + epoch * len(source)) / (n_epoch * len(source))
            alpha = 2.0 / (1.0 + np.exp(-10 * p)) - 1
            opt.zero_grad()
            class_out, dom_s = net(s_img, alpha)
            _, dom_t = net(t_img, alpha)
            err_label = nll(class_out, s_label)
            err_s = nll(dom_s, torch.zeros(len(s_img), dtype=torch.long))
            err_t = nll(dom_t, torch.ones(len(t_img), dtype=torch.long))
            err = err_label + (err_s + err_t if adapt else 0.0)
            err.backward()
            opt.step()
            logs += [err_label.item(), err_s.item(), err_t.item()]
        if epoch % 12 == 11:
            print("  epoch %2d label %.3f domain %.3f / %.3f" % (epoch, *(logs / len(source))))
    return test(net, xs_val, ys_val), test(net, xt_test, yt_test), domain_accuracy(net, xs_val, xt_test)


if __name__ == "__main__":
    for adapt in (False, True):
        s, t, d = run(adapt)
        print(f"{'DANN' if adapt else 'source only':11s}: source {s:.3f}, target {t:.3f}, domain head {d:.3f}")
