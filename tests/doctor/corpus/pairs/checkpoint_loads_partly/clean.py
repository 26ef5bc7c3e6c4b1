import torch
from torch import nn


class Old(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Linear(6, 24), nn.ReLU())
        self.fc = nn.Linear(24, 3)

    def forward(self, x):
        return self.fc(self.features(x))


class New(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Linear(6, 24), nn.ReLU())
        self.classifier = nn.Linear(24, 3)

    def forward(self, x):
        return self.classifier(self.features(x))


torch.manual_seed(201)
x = torch.randn(400, 6)
y = x[:, :3].argmax(1)
old = Old()
opt = torch.optim.Adam(old.parameters(), lr=5e-3)
for _ in range(100):
    i = torch.randint(0, 320, (40,))
    opt.zero_grad()
    nn.functional.cross_entropy(old(x[i]), y[i]).backward()
    opt.step()
weights = old.state_dict()
new = New()
new.load_state_dict({k.replace("fc.", "classifier."): v for k, v in weights.items()})
new.eval()
with torch.inference_mode():
    print("acc", (new(x[320:]).argmax(1) == y[320:]).float().mean().item())
