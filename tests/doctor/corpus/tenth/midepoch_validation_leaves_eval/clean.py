import torch
from torch import nn

torch.manual_seed(77)

STEPS_PER_EPOCH = 60
VALIDATE_EVERY = 20

# 센서 신호 분류 (3 클래스)
def make_signals(n):
    label = torch.randint(0, 3, (n,))
    t = torch.linspace(0, 1, 40)
    freq = torch.tensor([3.0, 5.0, 7.0])[label].unsqueeze(1)
    phase = torch.rand(n, 1) * 6.28
    gain = torch.rand(n, 1) * 3 + 1
    wave = gain * torch.sin(6.28 * freq * t + phase) + 1.5 * torch.randn(n, 40)
    return wave.unsqueeze(1), label


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv1d(1, 16, 7, padding=3), nn.BatchNorm1d(16), nn.ReLU(), nn.MaxPool1d(2),
            nn.Conv1d(16, 32, 5, padding=2), nn.BatchNorm1d(32), nn.ReLU(), nn.AdaptiveAvgPool1d(4),
        )
        self.head = nn.Sequential(nn.Flatten(), nn.Dropout(0.4), nn.Linear(128, 3))

    def forward(self, x):
        return self.head(self.body(x))


x_tr, y_tr = make_signals(800)
x_va, y_va = make_signals(300)
model = ConvNet()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)


def validate():
    model.eval()
    with torch.no_grad():
        out = model(x_va)
    return criterion(out, y_va).item(), (out.argmax(1) == y_va).float().mean().item()


for epoch in range(2):
    model.train()
    for step in range(1, STEPS_PER_EPOCH + 1):
        pick = torch.randint(0, len(x_tr), (32,))
        optimizer.zero_grad()
        loss = criterion(model(x_tr[pick]), y_tr[pick])
        loss.backward()
        optimizer.step()

        if step % VALIDATE_EVERY == 0:
            val_loss, val_acc = validate()
            print(f"epoch {epoch} step {step} val loss {val_loss:.3f} acc {val_acc:.3f}")
            model.train()
