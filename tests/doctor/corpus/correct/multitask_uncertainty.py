"""Multi-task network: one regression and one classification head, learned homoscedastic weights."""
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


class MultiTask(nn.Module):
    def __init__(self, n_in=12, hidden=48, n_classes=4):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(n_in, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU())
        self.reg = nn.Linear(hidden, 1)
        self.cls = nn.Linear(hidden, n_classes)
        self.log_var = nn.Parameter(torch.zeros(2))  # log sigma^2 per task

    def forward(self, x):
        h = self.trunk(x)
        return self.reg(h).squeeze(-1), self.cls(h)

    def joint_loss(self, reg_loss, cls_loss):
        s_reg, s_cls = self.log_var
        return 0.5 * torch.exp(-s_reg) * reg_loss + 0.5 * s_reg + torch.exp(-s_cls) * cls_loss + 0.5 * s_cls


def synth(n, seed=4):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 12, generator=g)
    w = torch.randn(12, generator=g) / 12**0.5
    target = torch.sin(2 * x @ w) + 0.1 * torch.randn(n, generator=g)
    label = 2 * (x[:, 0] > 0).long() + (x[:, 1] * x[:, 2] > 0).long()
    return TensorDataset(x, target, label)


def evaluate(model, loader):
    model.eval()
    se = ce = hits = n = 0.0
    with torch.no_grad():
        for x, t, c in loader:
            r, logits = model(x)
            se += F.mse_loss(r, t, reduction="sum").item()
            ce += F.cross_entropy(logits, c, reduction="sum").item()
            hits += (logits.argmax(1) == c).sum().item()
            n += len(x)
    return {"mse": se / n, "ce": ce / n, "acc": hits / n}


def main():
    torch.manual_seed(4)
    train, val, test = random_split(synth(2400), [1600, 400, 400], generator=torch.Generator().manual_seed(4))
    train_dl = DataLoader(train, 64, shuffle=True)
    val_dl, test_dl = DataLoader(val, 200), DataLoader(test, 200)
    model = MultiTask()
    weights = [p for n, p in model.named_parameters() if n != "log_var"]
    opt = torch.optim.AdamW([
        {"params": weights, "weight_decay": 1e-3},
        {"params": [model.log_var], "weight_decay": 0.0},
    ], lr=3e-3)
    for epoch in range(15):
        model.train()
        for x, t, c in train_dl:
            r, logits = model(x)
            loss = model.joint_loss(F.mse_loss(r, t), F.cross_entropy(logits, c))
            opt.zero_grad()
            loss.backward()
            opt.step()
        if epoch % 5 == 4:
            m = evaluate(model, val_dl)
            print(epoch + 1, {k: round(v, 4) for k, v in m.items()}, model.log_var.detach().exp().tolist())
    print("test", {k: round(v, 4) for k, v in evaluate(model, test_dl).items()})


if __name__ == "__main__":
    main()
