import torch
import torch.nn as nn


class LastStep(nn.Module):
    def __init__(self, feats, hidden, classes):
        super().__init__()
        self.lstm = nn.LSTM(feats, hidden, num_layers=1, batch_first=True)
        self.fc = nn.Linear(hidden, classes)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.fc(out[:, -1])


torch.manual_seed(68)
x = torch.randn(640, 8, 3)
y = (x[:, :, 0].cumsum(1)[:, -1] > 0).long()
model = LastStep(3, 24, 2)
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
criterion = nn.CrossEntropyLoss()
for epoch in range(5):
    model.train()
    for idx in torch.randperm(512).split(64):
        optimizer.zero_grad()
        loss = criterion(model(x[idx]), y[idx])
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        print(epoch, (model(x[512:]).argmax(1) == y[512:]).float().mean().item())
