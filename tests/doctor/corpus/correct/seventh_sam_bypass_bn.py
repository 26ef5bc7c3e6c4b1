import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.modules.batchnorm import _BatchNorm
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split


class SAM(torch.optim.Optimizer):
    """Sharpness-aware minimisation (Foret et al. 2021), also the adaptive kind (Kwon et al. 2021)."""

    def __init__(self, params, base_optimizer, rho=0.05, adaptive=False, **kwargs):
        assert rho >= 0.0, f"Invalid rho, should be non-negative: {rho}"
        super().__init__(params, dict(rho=rho, adaptive=adaptive, **kwargs))
        self.base_optimizer = base_optimizer(self.param_groups, **kwargs)
        self.param_groups = self.base_optimizer.param_groups
        self.defaults.update(self.base_optimizer.defaults)

    @torch.no_grad()
    def first_step(self, zero_grad=False):
        grad_norm = self._grad_norm()
        for group in self.param_groups:
            scale = group["rho"] / (grad_norm + 1e-12)
            for p in group["params"]:
                if p.grad is None:
                    continue
                self.state[p]["old_p"] = p.data.clone()
                e_w = (torch.pow(p, 2) if group["adaptive"] else 1.0) * p.grad * scale.to(p)
                p.add_(e_w)  # climb to the local maximum "w + e(w)"
        if zero_grad:
            self.zero_grad()

    @torch.no_grad()
    def second_step(self, zero_grad=False):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                p.data = self.state[p]["old_p"]  # back to "w"
        self.base_optimizer.step()
        if zero_grad:
            self.zero_grad()

    @torch.no_grad()
    def step(self, closure=None):
        assert closure is not None, "SAM needs a closure that does a full forward-backward pass"
        closure = torch.enable_grad()(closure)
        self.first_step(zero_grad=True)
        closure()
        self.second_step()

    def _grad_norm(self):
        return torch.norm(torch.stack([
            ((torch.abs(p) if group["adaptive"] else 1.0) * p.grad).norm(p=2)
            for group in self.param_groups for p in group["params"] if p.grad is not None]), p=2)


def disable_running_stats(model):
    def _disable(module):
        if isinstance(module, _BatchNorm):
            module.backup_momentum = module.momentum
            module.momentum = 0

    model.apply(_disable)


def enable_running_stats(model):
    def _enable(module):
        if isinstance(module, _BatchNorm) and hasattr(module, "backup_momentum"):
            module.momentum = module.backup_momentum

    model.apply(_enable)


def smooth_crossentropy(pred, gold, smoothing=0.1):
    n_class = pred.size(1)
    one_hot = torch.full_like(pred, fill_value=smoothing / (n_class - 1))
    one_hot.scatter_(dim=1, index=gold.unsqueeze(1), value=1.0 - smoothing)
    return F.kl_div(input=F.log_softmax(pred, dim=1), target=one_hot, reduction="none").sum(-1)


def evaluate(model, x, y):
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


def run(kind, data, epochs=12):
    torch.manual_seed(0)
    (xtr, ytr), (xva, yva), (xte, yte) = data
    model = nn.Sequential(nn.Linear(30, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 64), nn.BatchNorm1d(64),
                          nn.ReLU(), nn.Linear(64, 4))
    hyper = dict(lr=0.05, momentum=0.9, weight_decay=5e-4)
    opt = (torch.optim.SGD(model.parameters(), **hyper) if kind == "sgd" else
           SAM(model.parameters(), torch.optim.SGD, rho=0.5 if kind == "asam" else 0.05, adaptive=kind == "asam", **hyper))
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(getattr(opt, "base_optimizer", opt), epochs)
    best, state = -1.0, None
    for _ in range(epochs):
        model.train()
        for idx in torch.randperm(len(xtr)).split(100):
            x, y = xtr[idx], ytr[idx]
            enable_running_stats(model)
            smooth_crossentropy(model(x), y).mean().backward()
            if kind == "sgd":
                opt.step()
                opt.zero_grad()
                continue
            opt.first_step(zero_grad=True)
            disable_running_stats(model)  # the second pass sees other weights: not for the running averages
            smooth_crossentropy(model(x), y).mean().backward()
            opt.second_step(zero_grad=True)
        sched.step()
        acc = evaluate(model, xva, yva)
        if acc > best:
            best, state = acc, {k: v.clone() for k, v in model.state_dict().items()}
    model.load_state_dict(state)
    return best, evaluate(model, xte, yte)


if __name__ == "__main__":
    X, Y = make_classification(2400, 30, n_informative=10, n_classes=4, flip_y=0.05, random_state=0)
    a, Xte, b, Yte = train_test_split(X, Y, test_size=800, random_state=0)
    Xtr, Xva, Ytr, Yva = train_test_split(a, b, test_size=400, random_state=0)
    mu, sd = Xtr.mean(0), Xtr.std(0)
    t = lambda x, y: (torch.tensor((x - mu) / sd, dtype=torch.float32), torch.tensor(y))
    data = t(Xtr, Ytr), t(Xva, Yva), t(Xte, Yte)
    for kind in ("sgd", "sam", "asam"):
        print("{:5s} val {:.3f} test {:.3f}".format(kind, *run(kind, data)))
