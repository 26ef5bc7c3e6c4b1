import io
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.seq = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 3))

    def forward(self, x):
        return self.seq(x)


torch.manual_seed(86)
store = io.BytesIO()
torch.save(Net().state_dict(), store)
store.seek(0)

net = Net()
net.load_state_dict(torch.load(store, weights_only=True))
net.eval()
with torch.inference_mode():
    probs = torch.softmax(net(torch.randn(5, 8)), dim=1)
for row in probs.tolist():
    print(" ".join(f"{p:.3f}" for p in row))
