import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset
from sklearn.datasets import make_classification

# 데이터 준비
features, target = make_classification(n_samples=1500, n_features=12, n_informative=8, n_classes=4,
                                       n_clusters_per_class=1, class_sep=1.2, random_state=9)
features = torch.tensor(features, dtype=torch.float)
target = torch.tensor(target)
mean, std = features[:1200].mean(0), features[:1200].std(0)
features = (features - mean) / std
trainloader = DataLoader(TensorDataset(features[:1200], target[:1200]), batch_size=64, shuffle=True)
testloader = DataLoader(TensorDataset(features[1200:], target[1200:]), batch_size=64)

# 모델 정의
torch.manual_seed(9)
model = nn.Sequential(nn.Linear(12, 64),
                      nn.ReLU(),
                      nn.Linear(64, 32),
                      nn.ReLU(),
                      nn.Linear(32, 4),
                      nn.LogSoftmax(dim=1))
criterion = nn.NLLLoss()
optimizer = optim.Adam(model.parameters(), lr=0.003)

# 학습
for e in range(8):
    model.train()
    running_loss = 0
    for x, label in trainloader:
        optimizer.zero_grad()
        loss = criterion(model(x), label)
        loss.backward()
        optimizer.step()
        running_loss += loss.item() * len(label)
    model.eval()
    correct = 0
    with torch.no_grad():
        for x, label in testloader:
            _, top_class = model(x).topk(1, dim=1)
            correct += (top_class == label.view(*top_class.shape)).sum().item()
    print(f"에폭 {e + 1}: 손실 {running_loss / len(trainloader.dataset):.3f}, 정확도 {correct / len(testloader.dataset):.3f}")
