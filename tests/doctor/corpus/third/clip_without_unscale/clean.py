# mixed precision regression, works with or without a GPU
import torch
import torch.nn as nn

DEV = "cuda" if torch.cuda.is_available() else "cpu"
torch.manual_seed(4)

n = 768
x = torch.rand(n, 1) * 2 - 1
y = torch.sin(4 * x) + 0.5 * x + 0.05 * torch.randn(n, 1)
x, y = x.to(DEV), y.to(DEV)
cut = 640
xtr, ytr, xva, yva = x[:cut], y[:cut], x[cut:], y[cut:]

net = nn.Sequential(
    nn.Linear(1, 64), nn.Tanh(),
    nn.Linear(64, 64), nn.Tanh(),
    nn.Linear(64, 1),
).to(DEV)
opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
scaler = torch.amp.GradScaler(DEV, init_scale=2.0 ** 12)
MAX_NORM = 1.0

for ep in range(30):
    net.train()
    acc = 0.0
    for b in torch.randperm(cut, device=DEV).split(64):
        opt.zero_grad(set_to_none=True)
        with torch.autocast(DEV, dtype=torch.float16):
            pred = net(xtr[b])
            loss = nn.functional.mse_loss(pred.float(), ytr[b])
        scaler.scale(loss).backward()
        scaler.unscale_(opt)
        torch.nn.utils.clip_grad_norm_(net.parameters(), MAX_NORM)
        scaler.step(opt)
        scaler.update()
        acc += loss.item() * len(b)
    if (ep + 1) % 10 == 0:
        print("epoch", ep + 1, "train mse", round(acc / cut, 4))

net.eval()
with torch.no_grad(), torch.autocast(DEV, dtype=torch.float16):
    out = net(xva)
print("val mse", round(nn.functional.mse_loss(out.float(), yva).item(), 4))
