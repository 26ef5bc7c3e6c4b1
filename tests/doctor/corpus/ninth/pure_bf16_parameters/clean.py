import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(40)

# 공정 데이터: 센서 16개로 수율을 예측
N_TRAIN, N_VAL = 2048, 512
x = torch.randn(N_TRAIN + N_VAL, 16)
mix = torch.randn(16, 4) / 4
h = x @ mix
y = (torch.tanh(h[:, 0] * 2) + h[:, 1] * h[:, 2] + 0.5 * torch.cos(2 * h[:, 3])).unsqueeze(1)
y = y + 0.05 * torch.randn_like(y)
y_mean, y_std = y[:N_TRAIN].mean(), y[:N_TRAIN].std()
y = (y - y_mean) / y_std
x_tr, y_tr, x_va, y_va = x[:N_TRAIN], y[:N_TRAIN], x[N_TRAIN:], y[N_TRAIN:]


class ResidualBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 2 * width)
        self.down = nn.Linear(2 * width, width)

    def forward(self, x):
        return x + self.down(F.gelu(self.up(self.norm(x))))


model = nn.Sequential(nn.Linear(16, 64), ResidualBlock(64), ResidualBlock(64), nn.LayerNorm(64), nn.Linear(64, 1))
steps_per_epoch, epochs = N_TRAIN // 64, 16
opt = torch.optim.AdamW(model.parameters(), lr=5e-4, weight_decay=1e-2)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=steps_per_epoch * epochs)


def predict(batch):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = model(batch)
    return out.float()


for epoch in range(epochs):
    model.train()
    total = 0.0
    for idx in torch.randperm(N_TRAIN).split(64):
        opt.zero_grad()
        loss = F.mse_loss(predict(x_tr[idx]), y_tr[idx])
        loss.backward()
        opt.step()
        sched.step()
        total += loss.item() * len(idx)
    if epoch % 4 == 3:
        model.eval()
        with torch.no_grad():
            val = F.mse_loss(predict(x_va), y_va).item()
        print(f"epoch {epoch + 1:2d} train {total / N_TRAIN:.4f} val {val:.4f}")
