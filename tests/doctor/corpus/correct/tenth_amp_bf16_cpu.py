"""Mixed precision on CPU: bfloat16 autocast around the forward pass, loss in float32."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(77)
device = "cpu"


def textures(n):
    """Vertical, horizontal and diagonal gratings with noise."""
    y = torch.randint(0, 3, (n,))
    r, c = torch.meshgrid(torch.arange(12.0), torch.arange(12.0), indexing="ij")
    ramps = torch.stack([c, r, (r + c) / 1.414])[y]
    x = torch.sin(1.3 * ramps + 6.28 * torch.rand(n, 1, 1)) + 0.5 * torch.randn(n, 12, 12)
    return x.unsqueeze(1), y


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 12, 3, padding=1)
        self.conv2 = nn.Conv2d(12, 24, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.norm = nn.GroupNorm(4, 24)
        self.fc = nn.Linear(24, 3)

    def forward(self, x):
        x = self.pool(torch.relu(self.conv1(x)))
        x = self.pool(torch.relu(self.norm(self.conv2(x))))
        return self.fc(x.mean(dim=(2, 3)))


train_dl = DataLoader(TensorDataset(*textures(768)), batch_size=64, shuffle=True)
test_dl = DataLoader(TensorDataset(*textures(256)), batch_size=128)

model = Net().to(device)
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(3):
    model.train()
    total = 0.0
    for x, y in train_dl:
        x, y = x.to(device), y.to(device)
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device_type=device, dtype=torch.bfloat16):
            logits = model(x)
        loss = loss_fn(logits.float(), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * y.size(0)
    print(f"epoch {epoch}: loss {total / len(train_dl.dataset):.4f}  weights in {model.fc.weight.dtype}")

model.eval()
hits = 0
with torch.inference_mode(), torch.autocast(device_type=device, dtype=torch.bfloat16):
    for x, y in test_dl:
        hits += (model(x.to(device)).argmax(dim=1) == y.to(device)).sum().item()
print(f"accuracy {hits / len(test_dl.dataset):.3f}")
