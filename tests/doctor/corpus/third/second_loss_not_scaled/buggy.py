import torch
import torch.nn as nn

torch.manual_seed(9)
dev = "cpu"
N, T, D = 384, 12, 16

# label: is channel 0 larger in the first half than in the second?
x = torch.randn(N + 192, T, D)
y = (x[:, :6, :3].sum((1, 2)) > x[:, 6:, :3].sum((1, 2))).float()
xtr, ytr, xva, yva = x[:N], y[:N], x[N:], y[N:]


class Probe(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(T * D, 96), nn.ReLU(), nn.Linear(96, 32), nn.ReLU())
        self.top = nn.Linear(32, 1)

    def forward(self, z):
        return self.top(self.body(z)).squeeze(-1)


def step(model, opt, scaler, xb, yb):
    opt.zero_grad(set_to_none=True)
    with torch.autocast(dev, dtype=torch.float16):
        logit = model(xb)
        loss = nn.functional.binary_cross_entropy_with_logits(logit, yb)
    scaler.scale(loss).backward()
    with torch.autocast(dev, dtype=torch.float16):
        a = model(xb + 0.3 * torch.randn_like(xb))
        b = model(xb + 0.3 * torch.randn_like(xb))
        consistency = nn.functional.mse_loss(a.float(), b.float())
    (0.5 * consistency).backward()
    scaler.unscale_(opt)
    nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    scaler.step(opt)
    scaler.update()
    return loss.detach()


model = Probe().to(dev)
opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
scaler = torch.amp.GradScaler(dev, init_scale=2.0 ** 10)
for ep in range(15):
    model.train()
    tot = torch.zeros(())
    for i in torch.randperm(N).split(32):
        tot += step(model, opt, scaler, xtr[i], ytr[i]) * len(i)
    if ep % 7 == 0:
        model.eval()
        with torch.no_grad(), torch.autocast(dev, dtype=torch.float16):
            acc = ((model(xva) > 0).float() == yva).float().mean()
        print(ep, "train", round((tot / N).item(), 4), "val acc", round(acc.item(), 3))
