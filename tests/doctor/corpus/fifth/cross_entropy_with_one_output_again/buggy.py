import torch
import torch.nn as nn
import torch.optim as optim

torch.manual_seed(14)


class SpamDataset(torch.utils.data.Dataset):
    def __init__(self, n):
        self.counts = torch.poisson(torch.full((n, 25), 1.5))
        strange = self.counts[:, :5].sum(1) - self.counts[:, 5:10].sum(1)
        self.is_spam = strange > 0

    def __len__(self):
        return len(self.counts)

    def __getitem__(self, idx):
        return torch.log1p(self.counts[idx]), self.is_spam[idx].float().view(1)


class SpamNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(25, 32)
        self.fc2 = nn.Linear(32, 1)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x)))


trainloader = torch.utils.data.DataLoader(SpamDataset(1200), batch_size=40, shuffle=True)
testloader = torch.utils.data.DataLoader(SpamDataset(300), batch_size=100)
net = SpamNet()
criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(net.parameters(), lr=2e-3)

for epoch in range(6):
    net.train()
    for data in trainloader:
        inputs, labels = data
        optimizer.zero_grad()
        outputs = net(inputs)
        loss = criterion(outputs, labels)
        loss.backward()
        optimizer.step()

net.eval()
correct = 0
with torch.no_grad():
    for data in testloader:
        inputs, labels = data
        correct += ((net(inputs) > 0) == (labels > 0.5)).sum().item()
print("Accuracy on the test mails: %d %%" % (100 * correct / len(testloader.dataset)))
