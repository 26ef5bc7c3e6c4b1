import torch
import torch.nn as nn


# 블로그 글을 보고 정리한 EMA 클래스
class EMA:
    def __init__(self, model, decay):
        self.model = model
        self.decay = decay
        self.shadow = {n: p.detach().clone() for n, p in model.named_parameters() if p.requires_grad}
        self.backup = {}

    def update(self):
        for n, p in self.model.named_parameters():
            if n in self.shadow:
                self.shadow[n] = self.decay * self.shadow[n] + (1 - self.decay) * p.detach()

    def apply_shadow(self):
        for n, p in self.model.named_parameters():
            if n in self.shadow:
                self.backup[n] = p.detach().clone()
                p.data.copy_(self.shadow[n])

    def restore(self):
        for n, p in self.model.named_parameters():
            if n in self.backup:
                p.data.copy_(self.backup[n])
        self.backup = {}


def train_epoch(model, ema, opt, x, y):
    model.train()
    for idx in torch.randperm(len(x)).split(40):
        opt.zero_grad()
        loss = nn.functional.mse_loss(model(x[idx]), y[idx])
        loss.backward()
        opt.step()
        ema.update()


def validate(model, ema, x, y):
    ema.apply_shadow()          # EMA 가중치로 평가
    model.eval()
    with torch.no_grad():
        loss = nn.functional.mse_loss(model(x), y).item()
    ema.restore()
    return loss


torch.manual_seed(100)
x = torch.randn(600, 6)
y = torch.sin(x[:, :1]) * x[:, 1:2] + 0.5 * x[:, 2:3]
model = nn.Sequential(nn.Linear(6, 48), nn.GELU(), nn.Linear(48, 48), nn.GELU(), nn.Linear(48, 1))
ema = EMA(model, decay=0.99)
opt = torch.optim.Adam(model.parameters(), lr=2e-3)

for epoch in range(12):
    train_epoch(model, ema, opt, x[:480], y[:480])
    print(f"epoch {epoch:02d}  val(ema) {validate(model, ema, x[480:], y[480:]):.4f}")

ema.apply_shadow()
torch.save(model.state_dict(), "ema_final.pt")  # 최종 모델은 EMA 가중치
