import torch
from torch import nn
from torch.amp import GradScaler, autocast

torch.manual_seed(33)
x = torch.randn(400, 8)
y = (x[:, :3].sum(1) > 0).long()
model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 2))
opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
scaler = GradScaler("cpu", init_scale=2.0 ** 12)

for epoch in range(6):
    model.train()
    for idx in torch.randperm(320).split(32):
        opt.zero_grad(set_to_none=True)
        with autocast("cpu", dtype=torch.float16):
            logits = model(x[idx])
        loss = nn.functional.cross_entropy(logits.float(), y[idx])
        scaler.scale(loss).backward()
        scaler.unscale_(opt)
        nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
        scaler.step(opt)
        scaler.update()
    print(f"epoch {epoch} loss {loss.item():.4f}")

model.eval()
with torch.inference_mode():
    print("val acc", (model(x[320:]).argmax(1) == y[320:]).float().mean().item())
