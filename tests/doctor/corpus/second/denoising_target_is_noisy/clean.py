import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader

# 노이즈 제거 오토인코더 실습
torch.manual_seed(77)


class Waves(Dataset):
    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        t = torch.linspace(0, 6.28, 32)
        amp = 0.5 + torch.rand(n, 1, generator=g)
        ph = 6.28 * torch.rand(n, 1, generator=g)
        self.data = amp * torch.sin(t + ph)

    def __len__(self):
        return len(self.data)

    def __getitem__(self, i):
        return self.data[i]


def corrupt(x, sigma=0.5):
    return x + sigma * torch.randn_like(x)


class AutoEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 32))
        self.decoder = nn.Sequential(nn.ReLU(), nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 32))

    def forward(self, x):
        return self.decoder(self.encoder(x))


train_loader = DataLoader(Waves(1000, 0), batch_size=50, shuffle=True)
test_loader = DataLoader(Waves(200, 1), batch_size=100)
model = AutoEncoder()
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

for epoch in range(20):
    model.train()
    running = 0.0
    for wave in train_loader:
        noisy = corrupt(wave)
        output = model(noisy)
        loss = criterion(output, wave)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        running += loss.item() * wave.size(0)
    if epoch % 5 == 4:
        print(f"에폭 {epoch + 1}: 학습 손실 {running / len(train_loader.dataset):.4f}")

model.eval()
total = 0.0
with torch.no_grad():
    for wave in test_loader:
        total += ((model(corrupt(wave)) - wave) ** 2).mean(1).sum().item()
print("복원 오차:", round(total / len(test_loader.dataset), 4))
