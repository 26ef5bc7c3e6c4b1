import torch
import torch.nn as nn
import torch.nn.functional as F


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 3)
        self.fc = nn.Linear(6 * 3 * 3, 4)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv(x)), 2)
        x = torch.flatten(x, 1)
        return F.log_softmax(self.fc(x), dim=1)


def train(model, data, target, optimizer, epoch):
    model.train()
    for batch_idx, idx in enumerate(torch.randperm(len(data)).split(32)):
        optimizer.zero_grad()
        output = model(data[idx])
        loss = F.nll_loss(output, target[idx])
        loss.backward()
        optimizer.step()
        if batch_idx % 5 == 0:
            print("Train Epoch: {} [{}]\tLoss: {:.6f}".format(epoch, batch_idx, loss.item()))


def test(model, data, target):
    model.eval()
    with torch.no_grad():
        pred = model(data).argmax(dim=1)
    print("Accuracy", pred.eq(target).float().mean().item())


torch.manual_seed(1)
data = torch.randn(400, 1, 8, 8)
q = torch.stack([data[:, 0, :4, :4], data[:, 0, :4, 4:], data[:, 0, 4:, :4], data[:, 0, 4:, 4:]], 1)
target = q.mean((2, 3)).argmax(1)
model = ConvNet()
optimizer = torch.optim.Adadelta(model.parameters(), lr=0.5)
for epoch in range(1, 4):
    train(model, data[:320], target[:320], optimizer, epoch)
    test(model, data[320:], target[320:])
