import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset, random_split

# 학습용 데이터 생성
torch.manual_seed(2024)
inputs = torch.randn(1100, 1, 12, 12)
shift = torch.randint(0, 3, (1100,))
for i, s in enumerate(shift):
    inputs[i, 0, 4 * s:4 * s + 4] += 0.8
dataset = TensorDataset(inputs, shift)
train_set, test_set = random_split(dataset, [800, 300])
train_loader = DataLoader(train_set, batch_size=40, shuffle=True)
test_loader = DataLoader(test_set, batch_size=64, shuffle=False)


class CNN(nn.Module):
    def __init__(self):
        super(CNN, self).__init__()
        self.conv = nn.Conv2d(1, 8, kernel_size=3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.fc = nn.Linear(8 * 6 * 6, 3)

    def forward(self, x):
        x = self.pool(F.relu(self.conv(x)))
        return self.fc(x.flatten(1))


def train(model, loader, optimizer):
    model.train()
    for data, target in loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(data), target)
        loss.backward()
        optimizer.step()


def evaluate(model, loader):
    model.eval()
    correct, total = 0, 0
    with torch.no_grad():
        for data, target in loader:
            prediction = model(data).argmax(dim=1)
            correct += (prediction == target).sum().item()
            total += target.size(0)
    return 100.0 * correct / total


model = CNN()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
# 에포크마다 테스트 정확도 출력
for epoch in range(1, 6):
    train(model, train_loader, optimizer)
    print("Epoch {}: test accuracy {:.2f}%".format(epoch, evaluate(model, test_loader)))
